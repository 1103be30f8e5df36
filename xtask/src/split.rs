//! The module in two: what a page begins with, and what is opened now and then.
//!
//! What only the ways in lead to is the second module's, its data too. Both have one memory and
//! one table of functions: of what the second one wants of them the first one has, and it fills
//! the places in them that are its own.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use anyhow::{Context, Result, bail, ensure};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId,
    FunctionKind, GlobalKind, ImportKind, ImportedFunction, Module, ModuleConfig,
    ir::{Value, Visitor, dfs_in_order},
    passes::gc,
};

use crate::{
    reach::{self, Program, Target},
    wasm_opt::{IMPORTS, Names, SHORT_IMPORTS},
};

/// The ways into the second module. Each is compiled as a function (`#[inline(never)]`), which
/// is called only when the module is here: `web-client/src/second.rs`.
const WAYS_IN: &[&str] = &[
    "couplet_web::second::draw",
    "couplet_web::components::completion::list",
    "<couplet_web::components::completion::Completion>::complete",
    "couplet_web::components::file_tray::tray",
    "<couplet_web::components::voice::Voice>::begin",
    "<couplet_web::components::voice::Voice>::keep",
    "<couplet_web::state::State>::begin_upload",
    "<couplet_web::state::State>::take_files",
    "<couplet_web::state::State>::take_left",
    "<couplet_web::state::State>::take_answer",
    "couplet_web::tabs::command::read_rare",
    "couplet_web::tabs::command::write_rare",
];

/// Where the second module takes from what the first one has; `static/second.js` knows it.
const FIRST: &str = "b";

/// The two modules, and the script that loads them.
pub(crate) struct Halves {
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
    pub(crate) script: String,
}

/// Splits the module `bound`, which wasm-bindgen has made of `linked` with `script`.
pub(crate) fn split(linked: &[u8], bound: &[u8], script: &str) -> Result<Halves> {
    let program = reach::read(linked)?;
    ensure!(
        !program.of_functions.is_empty(),
        "the linker has left no relocations: nothing says what may move"
    );
    split_at(WAYS_IN, &program, bound, script)
}

/// Has the second module call by new names what the first one has given them to.
pub(crate) fn rename(second: &[u8], names: &Names) -> Result<Vec<u8>> {
    let mut second = parse(second)?;
    for import in second.imports.iter_mut() {
        if let Some(name) = names.get(&import.name) {
            import.name.clone_from(name);
        }
        if import.module == IMPORTS {
            import.module = SHORT_IMPORTS.to_owned();
        }
    }
    Ok(second.emit_wasm())
}

fn split_at(ways_in: &[&str], program: &Program<'_>, bound: &[u8], script: &str) -> Result<Halves> {
    let (mut first, mut second) = (parse(bound)?, parse(bound)?);
    let ways = ways_in
        .iter()
        .map(|path| named(&first, path))
        .collect::<Result<Vec<_>>>()?;
    let stays = Stays::of(&first, program, &ways);

    let segments = move_data(&mut first, &mut second, program, &stays)?;
    move_elements(&mut first, &mut second, &stays, &ways)?;
    become_second(&mut second, &stays, &ways, segments)?;

    for (number, id) in ways.iter().enumerate() {
        let import = first.imports.add(IMPORTS, &way(number), *id);
        let ty = first.funcs.get(*id).ty();
        first.funcs.get_mut(*id).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    for import in second
        .imports
        .iter()
        .filter(|import| import.module == FIRST)
    {
        first
            .exports
            .add(&import.name, counterpart(&first, &import.kind)?);
    }
    gc::run(&mut first);
    Ok(Halves {
        first: first.emit_wasm(),
        second: second.emit_wasm(),
        script: with_ways(script, ways.len())?,
    })
}

/// A module without what the linker has noted of it.
fn parse(module: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    let mut module = config.generate_producers_section(false).parse(module)?;
    let notes: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in notes {
        module.customs.delete(id);
    }
    Ok(module)
}

/// The function with a path, as the source has it.
fn named(module: &Module, path: &str) -> Result<FunctionId> {
    let is_it = |id: &FunctionId| {
        let name = module.funcs.get(*id).name.as_deref().unwrap_or_default();
        format!("{:#}", rustc_demangle::demangle(name)) == path
    };
    let mut all = module.funcs.iter_local().map(|(id, _)| id);
    all.find(is_it)
        .with_context(|| format!("no function {path}: is it inlined, or called otherwise by now?"))
}

/// What the first module calls the way in with this number, and the second one too.
fn way(number: usize) -> String {
    format!("way{number}")
}

/// The script with what the first module calls to get into the second one.
fn with_ways(script: &str, count: usize) -> Result<String> {
    const BEGIN: &str = "const import0 = {";
    let (before, after) = script
        .split_once(BEGIN)
        .context("no imports in the script")?;
    let mut ways = String::new();
    for way in (0..count).map(way) {
        ways.push_str(&format!(
            "\n        {way}: function(...values) {{ return way(\"{way}\")(...values); }},"
        ));
    }
    Ok([before, BEGIN, &ways, after].concat())
}

/// Cleans the second module's data out of the first one; returns it with where it goes.
fn move_data(
    first: &mut Module,
    second: &mut Module,
    program: &Program<'_>,
    stays: &Stays,
) -> Result<Vec<(usize, Vec<u8>)>> {
    let mut moved = Vec::new();
    let ids: Vec<_> = second.data.iter().map(|data| data.id()).collect();
    let homes: Vec<_> = first.data.iter().map(|data| data.id()).collect();
    for (segment, (id, home)) in ids.into_iter().zip(homes).enumerate() {
        second.data.delete(id);
        let home = first.data.get_mut(home);
        let DataKind::Active { offset, .. } = &home.kind else {
            bail!("a segment of data without a place");
        };
        let offset = constant(offset)?;
        let mut goes: Vec<Range<usize>> = Vec::new();
        for (piece, (of, place)) in program.data.iter().enumerate() {
            if *of != segment || stays.data.contains(&piece) || place.is_empty() {
                continue;
            }
            match goes.last_mut() {
                Some(before) if before.end == place.start => before.end = place.end,
                _ => goes.push(place.clone()),
            }
        }
        for place in goes {
            let bytes = home.value.get_mut(place.clone()).context("data")?;
            moved.push((offset + place.start, bytes.to_vec()));
            bytes.fill(0);
        }
    }
    Ok(moved)
}

/// Puts what moves into its places in the table from the second module, and takes it out of
/// the first one.
fn move_elements(
    first: &mut Module,
    second: &mut Module,
    stays: &Stays,
    ways: &[FunctionId],
) -> Result<()> {
    let mut absent = FunctionBuilder::new(&mut first.types, &[], &[]);
    absent.func_body().unreachable();
    let absent = absent.finish(Vec::new(), &mut first.funcs);
    for element in first.elements.iter_mut() {
        let ElementItems::Functions(functions) = &mut element.items else {
            bail!("elements that aren't functions");
        };
        let moves = |id: &FunctionId| stays.lacks(*id) && !ways.contains(id);
        for id in functions.iter_mut().filter(|id| moves(id)) {
            *id = absent;
        }
    }
    let ids: Vec<_> = second.elements.iter().map(|element| element.id()).collect();
    for id in ids {
        let element = second.elements.get(id);
        let (ElementKind::Active { table, offset }, ElementItems::Functions(functions)) =
            (element.kind.clone(), element.items.clone())
        else {
            bail!("elements without a place");
        };
        let mut place = constant(&offset)?;
        second.elements.delete(id);
        second.tables.get_mut(table).elem_segments.remove(&id);
        for run in functions.chunk_by(|one, next| stays.lacks(*one) == stays.lacks(*next)) {
            if stays.lacks(run[0]) {
                let kind = ElementKind::Active {
                    table,
                    offset: at(place)?,
                };
                let items = ElementItems::Functions(run.to_vec());
                let id = second.elements.add(kind, items);
                second.tables.get_mut(table).elem_segments.insert(id);
            }
            place += run.len();
        }
    }
    Ok(())
}

/// Leaves of the module what moves; the rest it takes from the first one.
fn become_second(
    module: &mut Module,
    stays: &Stays,
    ways: &[FunctionId],
    data: Vec<(usize, Vec<u8>)>,
) -> Result<()> {
    module.start = None;
    let exports: Vec<_> = module.exports.iter().map(|export| export.id()).collect();
    for id in exports {
        module.exports.delete(id);
    }
    let places: HashMap<_, _> = (ways.iter().map(|id| id.index())).zip(0..).collect();
    let local: Vec<_> = module.funcs.iter_local().map(|(id, _)| id).collect();
    for id in local {
        if let Some(number) = places.get(&id.index()) {
            module.exports.add(&way(*number), id);
        } else if !stays.lacks(id) {
            let import = module.imports.add(FIRST, &format!("f{}", id.index()), id);
            let ty = module.funcs.get(id).ty();
            module.funcs.get_mut(id).kind = FunctionKind::Import(ImportedFunction { import, ty });
        }
    }
    let globals: Vec<_> = module.globals.iter().map(|global| global.id()).collect();
    for id in globals {
        let import = module.imports.add(FIRST, &format!("g{}", id.index()), id);
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
    let tables: Vec<_> = module.tables.iter().map(|table| table.id()).collect();
    for id in tables {
        let import = module.imports.add(FIRST, &format!("t{}", id.index()), id);
        module.tables.get_mut(id).import = Some(import);
    }
    let memory = module.memories.iter().next().context("no memory")?.id();
    let import = module.imports.add(FIRST, "m", memory);
    module.memories.get_mut(memory).import = Some(import);
    module.memories.get_mut(memory).data_segments.clear();
    for (place, bytes) in data {
        let offset = at(place)?;
        let id = module.data.add(DataKind::Active { memory, offset }, bytes);
        module.memories.get_mut(memory).data_segments.insert(id);
    }
    gc::run(module);
    Ok(())
}

/// What the other module imports, in this one: both were read from the same bytes.
fn counterpart(module: &Module, import: &ImportKind) -> Result<ExportItem> {
    let item = match import {
        ImportKind::Function(id) => {
            let mut all = module.funcs.iter().map(|function| function.id());
            all.find(|own| own.index() == id.index())
                .map(ExportItem::Function)
        }
        ImportKind::Global(id) => {
            let mut all = module.globals.iter().map(|global| global.id());
            all.find(|own| own.index() == id.index())
                .map(ExportItem::Global)
        }
        ImportKind::Table(id) => {
            let mut all = module.tables.iter().map(|table| table.id());
            all.find(|own| own.index() == id.index())
                .map(ExportItem::Table)
        }
        ImportKind::Memory(_) => {
            let mut all = module.memories.iter();
            all.next().map(|memory| ExportItem::Memory(memory.id()))
        }
        ImportKind::Tag(_) => None,
    };
    item.context("the second module wants what the first one hasn't")
}

fn constant(offset: &ConstExpr) -> Result<usize> {
    match offset {
        ConstExpr::Value(Value::I32(offset)) => Ok(usize::try_from(*offset)?),
        _ => bail!("a place that isn't a number"),
    }
}

fn at(place: usize) -> Result<ConstExpr> {
    Ok(ConstExpr::Value(Value::I32(i32::try_from(place)?)))
}

/// What can be reached other than by the ways in.
struct Stays {
    /// The places of functions among all.
    functions: HashSet<usize>,
    /// The numbers of pieces of data.
    data: HashSet<usize>,
}

impl Stays {
    fn of(module: &Module, program: &Program<'_>, ways: &[FunctionId]) -> Self {
        let mut by_name: HashMap<&str, Vec<FunctionId>> = HashMap::new();
        let mut functions = Vec::new();
        for function in module.funcs.iter() {
            let name = function.name.as_deref().unwrap_or_default();
            by_name.entry(name).or_default().push(function.id());
            // What wasm-bindgen has made knows the table of JavaScript's objects.
            if !program.names.contains(name) {
                functions.push(function.id());
            }
        }
        functions.extend(module.start);
        let exported = module
            .exports
            .iter()
            .filter_map(|export| match export.item {
                ExportItem::Function(id) => Some(id),
                _ => None,
            });
        functions.extend(exported);
        let mut targets = program.of_others.clone();
        let mut stays = Self {
            functions: HashSet::new(),
            data: HashSet::new(),
        };
        loop {
            if let Some(id) = functions.pop() {
                if ways.contains(&id) || !stays.functions.insert(id.index()) {
                    continue;
                }
                let function = module.funcs.get(id);
                if let FunctionKind::Local(local) = &function.kind {
                    dfs_in_order(&mut Calls(&mut functions), local, local.entry_block());
                }
                let name = function.name.as_deref().unwrap_or_default();
                targets.extend(program.of_functions.get(name).into_iter().flatten());
            } else if let Some(target) = targets.pop() {
                match target {
                    Target::Function(name) => {
                        functions.extend(by_name.get(name).into_iter().flatten());
                    }
                    Target::Data(piece) if stays.data.insert(piece) => {
                        targets.extend(&program.of_data[piece]);
                    }
                    Target::Data(_) => {}
                }
            } else {
                return stays;
            }
        }
    }

    fn lacks(&self, id: FunctionId) -> bool {
        !self.functions.contains(&id.index())
    }
}

/// The functions that one calls.
struct Calls<'a>(&'a mut Vec<FunctionId>);

impl<'a> Visitor<'a> for Calls<'_> {
    fn visit_function_id(&mut self, id: &FunctionId) {
        self.0.push(*id);
    }
}

#[cfg(test)]
mod tests {
    use walrus::RefType;

    use super::*;

    /// A module with `begin`, which calls `way`, which calls `rare` and `common`, as `begin`
    /// does; the first three are in the table.
    fn module() -> Vec<u8> {
        let mut module = Module::default();
        let memory = module.memories.add_local(false, false, 1, None, None);
        module.exports.add("memory", memory);
        let function = |module: &mut Module, name: &str, calls: &[FunctionId]| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            for id in calls {
                builder.func_body().call(*id);
            }
            let id = builder.finish(Vec::new(), &mut module.funcs);
            module.funcs.get_mut(id).name = Some(name.to_owned());
            id
        };
        let rare = function(&mut module, "rare", &[]);
        let common = function(&mut module, "common", &[]);
        let way = function(&mut module, "way", &[rare, common]);
        let begin = function(&mut module, "begin", &[way, common]);
        module.exports.add("begin", begin);
        let table = module.tables.add_local(false, 4, None, RefType::FUNCREF);
        let kind = ElementKind::Active {
            table,
            offset: at(1).unwrap(),
        };
        let items = ElementItems::Functions(vec![begin, way, rare]);
        let element = module.elements.add(kind, items);
        module.tables.get_mut(table).elem_segments.insert(element);
        module.exports.add("table", table);
        module.emit_wasm()
    }

    fn names(module: &Module) -> Vec<&str> {
        let local = module.funcs.iter_local();
        let mut names: Vec<_> = local
            .filter_map(|(id, _)| module.funcs.get(id).name.as_deref())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_only_the_way_leads_to_moves() {
        let module = module();
        let script = "const import0 = {};";
        let halves = split_at(&["way"], &reach::read(&module).unwrap(), &module, script).unwrap();
        let (first, second) = (
            parse(&halves.first).unwrap(),
            parse(&halves.second).unwrap(),
        );
        assert_eq!(names(&first), ["begin", "common"]);
        assert_eq!(names(&second), ["rare", "way"]);
        assert!(first.imports.find(IMPORTS, "way0").is_some());
        assert!(second.exports.get_func("way0").is_ok());
        // One table, in which the second fills what it has: `way` and `rare`.
        let element = second.elements.iter().next().unwrap();
        let ElementKind::Active { offset, .. } = &element.kind else {
            panic!("{element:?}");
        };
        assert_eq!(constant(offset).unwrap(), 2);
        for import in second.imports.iter() {
            let shown = first
                .exports
                .iter()
                .any(|export| export.name == import.name);
            assert!(import.module == FIRST && shown, "{import:?}");
        }
        assert!(
            halves.script.contains("way0: function("),
            "{}",
            halves.script
        );
    }

    #[test]
    fn a_way_that_is_gone_is_missed() {
        let module = module();
        let script = "const import0 = {};";
        let error = split_at(&["away"], &reach::read(&module).unwrap(), &module, script)
            .err()
            .unwrap();
        assert!(error.to_string().contains("no function away"), "{error}");
    }

    #[test]
    fn both_go_by_the_new_names() {
        let module = module();
        let halves = split_at(
            &["way"],
            &reach::read(&module).unwrap(),
            &module,
            "const import0 = {};",
        )
        .unwrap();
        let second = parse(&halves.second).unwrap();
        let old = second.imports.iter().map(|import| import.name.clone());
        let names = old.map(|name| (name.clone(), ["new", &name].concat()));
        let renamed = parse(&rename(&halves.second, &names.collect()).unwrap()).unwrap();
        assert!(
            renamed
                .imports
                .iter()
                .all(|import| import.name.starts_with("new"))
        );
    }
}
