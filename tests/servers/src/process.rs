//! A process with all its children, none of which outlives us.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::wait::wait_for;

/// A program in a process group of its own, so that Ctrl-C in the terminal
/// doesn't reach it and the whole group can be ended at once.
///
/// `Drop` kills the group. Should this process die without dropping (it is
/// killed, or the value sits in a `static`), a guard does it: a shell that
/// notices that the pipe to us has closed.
#[derive(Debug)]
pub struct ProcessTree {
    child: Child,
    group: Pid,
    guard: Child,
}

impl ProcessTree {
    /// Starts `command`. The guard removes `directory` too.
    ///
    /// # Errors
    /// Those of [`Command::spawn`], for the program or for the guard's `sh`.
    pub fn spawn(command: &mut Command, directory: Option<&Path>) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        match guard(group, directory) {
            Ok(guard) => Ok(Self {
                child,
                group,
                guard,
            }),
            Err(error) => {
                end(group, child);
                Err(error)
            }
        }
    }

    /// The process id of the program, which is also that of its group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program writes, if the command piped it.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// How the program ended; `None` while it runs.
    ///
    /// # Errors
    /// Those of [`Child::try_wait`].
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks the program to end (SIGTERM), and after `patience` ends it.
    pub fn stop(mut self, patience: Duration) {
        // An error means that the group is gone already: nothing to ask.
        let _ = kill_process_group(self.group, Signal::TERM);
        wait_for(patience, || !matches!(self.child.try_wait(), Ok(None)));
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        // The group first: the guard would otherwise be the one to remove the
        // directory, while its owner does the same.
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

/// Waits until its standard input closes, then ends the group and removes the
/// directory, which may take a moment while the group dies.
const GUARD: &str = r#"
read -r _
kill -s KILL -- "-$1"
[ -z "$2" ] || for _ in 1 2 3 4 5; do rm -rf -- "$2" && break; sleep 0.2; done
"#;

fn guard(group: Pid, directory: Option<&Path>) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", GUARD, "guard", &group.as_raw_nonzero().to_string()])
        .arg(directory.unwrap_or(Path::new("")))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

fn end(group: Pid, mut child: Child) {
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Instant};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn is_gone(pid: &str) -> bool {
        // A zombie that nobody has waited for yet has ended too.
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
            || !Path::new(&format!("/proc/{pid}")).exists()
    }

    /// A program with a child of its own, which writes that child's id.
    fn parent(directory: &Path) -> Command {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "sleep 600 & echo $! >$0/pid.new; mv $0/pid.new $0/pid; wait",
            ])
            .arg(directory);
        command
    }

    fn grandchild(directory: &Path) -> String {
        let file = directory.join("pid");
        assert!(wait_for(LONG, || file.exists()));
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    #[test]
    fn drop_ends_children_of_children() {
        let directory = tempfile::tempdir().unwrap();
        let tree = ProcessTree::spawn(&mut parent(directory.path()), None).unwrap();
        let pid = grandchild(directory.path());
        drop(tree);
        assert!(wait_for(LONG, || is_gone(&pid)));
    }

    #[test]
    fn guard_cleans_up_after_us() {
        let directory = tempfile::tempdir().unwrap().keep();
        let mut tree = ProcessTree::spawn(&mut parent(&directory), Some(&directory)).unwrap();
        let pid = grandchild(&directory);
        // What the kernel does when this process dies.
        drop(tree.guard.stdin.take());
        assert!(wait_for(LONG, || is_gone(&pid)));
        assert!(wait_for(LONG, || !directory.exists()));
    }

    #[test]
    fn stop_does_not_wait_longer_than_needed() {
        let tree = ProcessTree::spawn(Command::new("sleep").arg("600"), None).unwrap();
        let start = Instant::now();
        tree.stop(LONG);
        assert!(start.elapsed() < LONG / 2);
    }
}
