//! Where files come from, and how a path finds one.

use std::path::Path;

use axum::body::Bytes;

/// A compressed form that a file may have beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    /// Both, the smaller one first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// As HTTP calls it.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

/// What is sent for a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asset {
    pub(super) content: Bytes,
    /// The form of `content`; `None` is the file itself.
    pub(super) encoding: Option<Encoding>,
    /// Another request may get another form.
    pub(super) has_variants: bool,
}

impl Asset {
    pub(super) fn plain(content: Bytes) -> Self {
        Self {
            content,
            encoding: None,
            has_variants: false,
        }
    }
}

/// A file inside the binary.
struct Embedded {
    path: &'static str,
    content: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

// `static FILES: &[Embedded]`, which the build script writes.
include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The file that a URL's path means; `None` for what can't be one. Nothing is
/// decoded, so a path that passes is names between slashes and nothing else.
pub(super) fn file_of(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    if path.is_empty() {
        return Some("index.html");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    path.split('/')
        .all(|name| !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain))
        .then_some(path)
}

/// Takes a file from the binary.
pub(super) fn embedded(path: &str, accepts: impl Fn(Encoding) -> bool) -> Option<Asset> {
    let file = FILES.iter().find(|file| file.path == path)?;
    let variant = |encoding| match encoding {
        Encoding::Brotli => file.brotli,
        Encoding::Gzip => file.gzip,
    };
    let chosen = Encoding::ALL.into_iter().find_map(|encoding| {
        variant(encoding)
            .filter(|_| accepts(encoding))
            .zip(Some(encoding))
    });
    Some(Asset {
        content: Bytes::from_static(chosen.map_or(file.content, |(content, _)| content)),
        encoding: chosen.map(|(_, encoding)| encoding),
        has_variants: file.brotli.is_some() || file.gzip.is_some(),
    })
}

/// Reads a file from `directory`, which is canonical. It is read for every request,
/// so that a changed one is seen.
pub(super) async fn read(
    directory: &Path,
    path: &str,
    accepts: impl Fn(Encoding) -> bool,
) -> Option<Asset> {
    let content = read_inside(directory, path).await?;
    for encoding in Encoding::ALL {
        if accepts(encoding)
            && let Some(content) =
                read_inside(directory, &format!("{path}{}", encoding.suffix())).await
        {
            return Some(Asset {
                content,
                encoding: Some(encoding),
                has_variants: true,
            });
        }
    }
    Some(Asset {
        content,
        encoding: None,
        has_variants: true,
    })
}

async fn read_inside(directory: &Path, path: &str) -> Option<Bytes> {
    let file = tokio::fs::canonicalize(directory.join(path)).await.ok()?;
    // A symbolic link may have led out.
    if !file.starts_with(directory) {
        return None;
    }
    tokio::fs::read(file).await.ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_only_name_a_file() {
        assert_eq!(file_of("/"), Some("index.html"));
        assert_eq!(file_of("/icons/a-1.svg"), Some("icons/a-1.svg"));
        for path in [
            "",
            "/..",
            "/../x",
            "/a/../b",
            "//x",
            "/a//b",
            "/.git",
            "/a/",
            "/%2e%2e/x",
            "/a\\b",
            "x",
        ] {
            assert_eq!(file_of(path), None, "{path}");
        }
    }

    #[test]
    fn there_is_always_a_page() {
        assert!(embedded("index.html", |_| false).is_some());
        assert_eq!(embedded("no-such-file", |_| true), None);
    }

    #[tokio::test]
    async fn a_directory_is_never_left() {
        let outside = tempfile::tempdir().unwrap();
        let secret = outside.path().join("secret.txt");
        std::fs::write(&secret, "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        let root = inside.path().canonicalize().unwrap();
        std::fs::write(root.join("a.js"), "long").unwrap();
        std::fs::write(root.join("a.js.br"), "b").unwrap();
        std::os::unix::fs::symlink(&secret, root.join("link.txt")).unwrap();
        assert_eq!(read(&root, "link.txt", |_| true).await, None);
        assert_eq!(
            read(&root, "a.js", |_| true).await.unwrap().encoding,
            Some(Encoding::Brotli)
        );
        assert_eq!(
            &read(&root, "a.js", |_| false).await.unwrap().content[..],
            b"long"
        );
    }
}
