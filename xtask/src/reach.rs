//! What of a linked module refers to what: its relocations say it of what a function calls
//! through a pointer, and of the data, where nothing else does.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use anyhow::Result;
use wasmparser::{
    DefinedDataSymbol, KnownCustom, Linking, Name, Parser, Payload, RelocationType, SymbolInfo,
    TypeRef,
};

/// What something refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// The function of this name, by a pointer to it. A call is none.
    Function(&'a str),
    /// The piece of data of this number.
    Data(usize),
}

/// A linked module's functions and pieces of data.
#[derive(Default)]
pub(crate) struct Program<'a> {
    /// The functions' names.
    pub(crate) names: HashSet<&'a str>,
    /// Where the pieces of data are: in which segment, and which bytes of it.
    pub(crate) data: Vec<(usize, Range<usize>)>,
    /// What each piece refers to.
    pub(crate) of_data: Vec<Vec<Target<'a>>>,
    /// What the functions of a name refer to.
    pub(crate) of_functions: HashMap<&'a str, Vec<Target<'a>>>,
    /// What is referred to by nobody knows what.
    pub(crate) of_others: Vec<Target<'a>>,
}

/// What is read of the module, before any of it has been looked up.
#[derive(Default)]
struct Parts<'a> {
    imports: usize,
    names: HashMap<u32, &'a str>,
    /// Each function's place in the section of code.
    bodies: Vec<Range<usize>>,
    /// Each segment's place in the section of data.
    segments: Vec<Range<usize>>,
    symbols: Vec<SymbolInfo<'a>>,
    /// The section, the place in it, the kind, and the symbol.
    references: Vec<(u32, usize, RelocationType, usize)>,
    code: u32,
}

/// Reads the module, which the linker was told to leave its relocations in.
pub(crate) fn read(module: &[u8]) -> Result<Program<'_>> {
    let parts = parts(module)?;
    let mut program = Program {
        names: parts.names.values().copied().collect(),
        ..Program::default()
    };
    let pieces = pieces(&parts.symbols, &mut program.data);
    program.of_data.resize(program.data.len(), Vec::new());
    for (section, at, kind, symbol) in &parts.references {
        let target = match (kind, &parts.symbols[*symbol]) {
            (
                RelocationType::FunctionIndexLeb
                | RelocationType::TypeIndexLeb
                | RelocationType::GlobalIndexLeb,
                _,
            ) => continue,
            (_, SymbolInfo::Func { index, .. }) => {
                Target::Function(parts.names.get(index).copied().unwrap_or_default())
            }
            (_, SymbolInfo::Data { .. }) => match pieces.get(symbol) {
                Some(piece) => Target::Data(*piece),
                None => continue,
            },
            _ => continue,
        };
        let list = if *section == parts.code {
            holding(&parts.bodies, *at)
                .and_then(|body| parts.names.get(&((parts.imports + body) as u32)))
                .map(|name| program.of_functions.entry(name).or_default())
        } else {
            holding(&parts.segments, *at).and_then(|segment| {
                let at = at - parts.segments[segment].start;
                let piece = program
                    .data
                    .partition_point(|(of, place)| (*of, place.start) <= (segment, at));
                let (of, place) = program.data.get(piece.checked_sub(1)?)?;
                let inside = *of == segment && place.contains(&at);
                inside.then(|| &mut program.of_data[piece - 1])
            })
        };
        list.unwrap_or(&mut program.of_others).push(target);
    }
    Ok(program)
}

/// Which of `places`, which are in order, has `at` in it.
fn holding(places: &[Range<usize>], at: usize) -> Option<usize> {
    let place = places.partition_point(|place| place.end <= at);
    places.get(place)?.contains(&at).then_some(place)
}

/// Fills `data`, in order, and says for each symbol which piece it is in: those that overlap
/// are one.
fn pieces(
    symbols: &[SymbolInfo<'_>],
    data: &mut Vec<(usize, Range<usize>)>,
) -> HashMap<usize, usize> {
    let mut places: Vec<_> = symbols
        .iter()
        .enumerate()
        .filter_map(|(number, symbol)| match symbol {
            SymbolInfo::Data {
                symbol:
                    Some(DefinedDataSymbol {
                        index,
                        offset,
                        size,
                    }),
                ..
            } => {
                let start = *offset as usize;
                Some((*index as usize, start..start + *size as usize, number))
            }
            _ => None,
        })
        .collect();
    places.sort_by_key(|(segment, place, _)| (*segment, place.start, place.end));
    let mut numbers = HashMap::new();
    for (segment, place, number) in places {
        match data.last_mut() {
            Some((of, before))
                if *of == segment && place.start < before.end.max(before.start + 1) =>
            {
                before.end = before.end.max(place.end);
            }
            _ => data.push((segment, place)),
        }
        numbers.insert(number, data.len() - 1);
    }
    numbers
}

fn parts(module: &[u8]) -> Result<Parts<'_>> {
    let mut parts = Parts::default();
    let (mut code, mut section) = (0, 0);
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let is_section = payload.as_section().is_some();
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    parts.imports += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionStart { range, .. } => (code, parts.code) = (range.start, section),
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                parts.bodies.push(range.start - code..range.end - code);
            }
            Payload::DataSection(segments) => {
                let data = segments.range().start;
                for segment in segments {
                    let segment = segment?;
                    let end = segment.range.end - data;
                    parts.segments.push(end - segment.data.len()..end);
                }
            }
            Payload::CustomSection(custom) => match custom.as_known() {
                KnownCustom::Name(names) => {
                    for name in names {
                        if let Name::Function(names) = name? {
                            for name in names {
                                let name = name?;
                                parts.names.insert(name.index, name.name);
                            }
                        }
                    }
                }
                KnownCustom::Linking(linking) => {
                    for part in linking {
                        if let Linking::SymbolTable(symbols) = part? {
                            parts.symbols = symbols.into_iter().collect::<Result<_, _>>()?;
                        }
                    }
                }
                KnownCustom::Reloc(relocations) => {
                    let section = relocations.section_index();
                    for entry in relocations.entries() {
                        let entry = entry?;
                        parts.references.push((
                            section,
                            entry.offset as usize,
                            entry.ty,
                            entry.index as usize,
                        ));
                    }
                }
                _ => {}
            },
            _ => {}
        }
        section += u32::from(is_section);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use wasmparser::SymbolFlags;

    use super::*;

    #[test]
    fn pieces_that_overlap_are_one() {
        let symbol = |index, offset, size| SymbolInfo::Data {
            flags: SymbolFlags::empty(),
            name: "",
            symbol: Some(DefinedDataSymbol {
                index,
                offset,
                size,
            }),
        };
        let symbols = [
            symbol(0, 8, 4),
            symbol(0, 0, 8),
            symbol(0, 10, 6),
            symbol(1, 0, 4),
        ];
        let mut data = Vec::new();
        let numbers = pieces(&symbols, &mut data);
        assert_eq!(data, [(0, 0..8), (0, 8..16), (1, 0..4)]);
        let numbers: Vec<_> = (0..4).map(|symbol| numbers[&symbol]).collect();
        assert_eq!(numbers, [1, 0, 1, 2]);
    }

    #[test]
    fn a_place_is_in_one_of_those_in_order() {
        let places = [2..4, 4..6, 8..9];
        let found = [1, 2, 5, 6, 8].map(|at| holding(&places, at));
        assert_eq!(found, [None, Some(0), Some(1), None, Some(2)]);
    }
}
