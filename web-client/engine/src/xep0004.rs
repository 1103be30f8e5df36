//! XEP-0004 Data Forms 2.13.1, with the rules of XEP-0122 and the order of XEP-0141.

use minidom::Element;
use xmpp_parsers::ns;

use crate::foreign::{lines, one_line};
use crate::store::{Answer, Choice, Datatype, Field, Form, Kind, Part, Rule};
use crate::xml::{build, child_text};

const VALIDATE: &str = "http://jabber.org/protocol/xdata-validate";
const LAYOUT: &str = "http://jabber.org/protocol/xdata-layout";

/// A form that has more can't be filled in: what was left out would be lost.
const MOST_FIELDS: usize = 256;
const MOST_VALUES: usize = 5_000;
/// The longest name of a field, in bytes.
const LONGEST_VAR: usize = 256;
/// All values together, in bytes.
const LONGEST_VALUES: usize = 256 << 10;
/// More of a label or a text than this, in characters, nobody reads.
const LONGEST_LABEL: usize = 200;
const LONGEST_TEXT: usize = 2_000;
/// So many texts are shown, and so many headings and texts of a layout.
const MOST_TEXTS: usize = 16;
const MOST_PARTS: usize = 512;
/// Sections within sections beyond this are at the same depth.
const DEEPEST: u8 = 3;

/// The form in `payload`; `None` if there is none that can be filled in.
pub(crate) fn read(payload: &Element) -> Option<Form> {
    let form = payload.get_child("x", ns::DATA_FORMS)?;
    if form.attr("type") != Some("form") {
        return None;
    }
    let all = children(form, "field").map(field);
    let fields: Vec<Field> = all.take(MOST_FIELDS + 1).collect::<Option<_>>()?;
    let values = || fields.iter().flat_map(|field| &field.values);
    if fields.len() > MOST_FIELDS
        || values().count() > MOST_VALUES
        || values().map(String::len).sum::<usize>() > LONGEST_VALUES
    {
        return None;
    }
    let instructions = children(form, "instructions");
    let instructions = instructions.filter_map(|text| lines(&text.text(), LONGEST_TEXT));
    Some(Form {
        title: child_text(form, "title").and_then(|title| one_line(&title, LONGEST_LABEL)),
        instructions: instructions.take(MOST_TEXTS).collect(),
        parts: parts(form, &fields),
        fields,
    })
}

/// A filled-in form.
pub(crate) fn submit(answer: &Answer) -> Element {
    let fields = answer.iter().map(|(var, values)| {
        let value = |text: &String| build("value", ns::DATA_FORMS).text(text).done();
        let field = build("field", ns::DATA_FORMS).attr("var", var);
        field.children(values.iter().map(value)).done()
    });
    let form = build("x", ns::DATA_FORMS).attr("type", "submit");
    form.children(fields).done()
}

/// That a form isn't going to be filled in.
pub(crate) fn cancel() -> Element {
    let form = build("x", ns::DATA_FORMS).attr("type", "cancel");
    form.done()
}

/// The form of this type in which `info` says more of itself (XEP-0128).
pub(crate) fn extension<'a>(info: &'a Element, form_type: &str) -> Option<&'a Element> {
    let mut forms = info.children().filter(|form| form.is("x", ns::DATA_FORMS));
    forms.find(|form| value(form, "FORM_TYPE").as_deref() == Some(form_type))
}

/// What a field of a form has in it.
pub(crate) fn value(form: &Element, var: &str) -> Option<String> {
    values(form, var).next()
}

/// The same where there may be several.
pub(crate) fn values(form: &Element, var: &str) -> impl Iterator<Item = String> {
    let field = children(form, "field").find(|field| field.attr("var") == Some(var));
    let values = field.into_iter().flat_map(|field| children(field, "value"));
    values.map(Element::text)
}

fn children<'a>(element: &'a Element, name: &'static str) -> impl Iterator<Item = &'a Element> {
    element.children().filter(move |child| child.name() == name)
}

/// `None` if it can't go back.
fn field(field: &Element) -> Option<Field> {
    let var = field.attr("var").unwrap_or_default();
    let values = children(field, "value").map(Element::text);
    let choices = children(field, "option").filter_map(|option| {
        let value = option.get_child("value", ns::DATA_FORMS)?.text();
        let label = option.attr("label").unwrap_or(&value);
        let label = one_line(label, LONGEST_LABEL)?;
        Some(Choice { value, label })
    });
    let said = |text: Option<String>| text.and_then(|text| lines(&text, LONGEST_TEXT));
    let label = field.attr("label");
    (var.len() <= LONGEST_VAR).then(|| Field {
        var: var.to_owned(),
        kind: kind(field.attr("type")),
        label: label.and_then(|label| one_line(label, LONGEST_LABEL)),
        description: said(child_text(field, "desc")),
        required: field.has_child("required", ns::DATA_FORMS),
        values: values.take(MOST_VALUES + 1).collect(),
        choices: choices.take(MOST_VALUES).collect(),
        rule: rule(field),
    })
}

/// What isn't known is a line (XEP-0004 3.2).
fn kind(name: Option<&str>) -> Kind {
    match name {
        Some("boolean") => Kind::Boolean,
        Some("fixed") => Kind::Fixed,
        Some("hidden") => Kind::Hidden,
        Some("jid-multi") => Kind::JidMulti,
        Some("jid-single") => Kind::JidSingle,
        Some("list-multi") => Kind::ListMulti,
        Some("list-single") => Kind::ListSingle,
        Some("text-multi") => Kind::TextMulti,
        Some("text-private") => Kind::TextPrivate,
        _ => Kind::TextSingle,
    }
}

fn rule(field: &Element) -> Rule {
    let Some(validate) = field.get_child("validate", VALIDATE) else {
        return Rule::default();
    };
    let child = |name| validate.get_child(name, VALIDATE);
    let text = |name| child("range")?.attr(name)?.parse().ok();
    let count = |name| child("list-range")?.attr(name)?.parse().ok();
    Rule {
        datatype: match validate.attr("datatype") {
            Some("xs:integer" | "xs:int" | "xs:long" | "xs:short" | "xs:byte") => Datatype::Integer,
            Some("xs:decimal" | "xs:double") => Datatype::Number,
            Some("xs:dateTime") => Datatype::Moment,
            Some("xs:date") => Datatype::Day,
            _ => Datatype::Text,
        },
        range: (text("min"), text("max")),
        count: (count("min"), count("max")),
        // Of a list every method but the basic one is open (3.2).
        open: ["open", "range", "regex"]
            .map(child)
            .iter()
            .any(Option::is_some),
    }
}

/// What is shown: as the layout has it, and then what that doesn't name.
fn parts(form: &Element, fields: &[Field]) -> Vec<Part> {
    let mut parts = Vec::new();
    for page in form.children().filter(|page| page.is("page", LAYOUT)) {
        section(page, 0, fields, &mut parts);
    }
    for (place, field) in fields.iter().enumerate() {
        let part = Part::Field(place);
        if field.kind != Kind::Hidden && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// A page of a layout, or a section (XEP-0141 3).
fn section(section: &Element, depth: u8, fields: &[Field], parts: &mut Vec<Part>) {
    if parts.len() >= MOST_PARTS {
        return;
    }
    let label = section.attr("label");
    let label = label.and_then(|label| one_line(label, LONGEST_LABEL));
    parts.extend(label.map(|label| Part::Heading(label, depth)));
    for child in section.children().filter(|child| child.ns() == LAYOUT) {
        match child.name() {
            "text" => parts.extend(lines(&child.text(), LONGEST_TEXT).map(Part::Text)),
            "section" => self::section(child, (depth + 1).min(DEEPEST), fields, parts),
            "fieldref" => {
                let named = |field: &Field| Some(field.var.as_str()) == child.attr("var");
                let place = fields.iter().position(named);
                let shown = |place: &usize| fields[*place].kind != Kind::Hidden;
                let part = place.filter(shown).map(Part::Field);
                parts.extend(part.filter(|part| !parts.contains(part)));
            }
            _ => {}
        }
        parts.truncate(MOST_PARTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(inside: &str) -> Option<Form> {
        let query =
            format!("<query xmlns='q'><x xmlns='jabber:x:data' type='form'>{inside}</x></query>");
        read(&query.parse().unwrap())
    }

    #[test]
    fn fields_are_what_they_say() {
        let known = [
            ("boolean", Kind::Boolean),
            ("fixed", Kind::Fixed),
            ("hidden", Kind::Hidden),
            ("jid-multi", Kind::JidMulti),
            ("jid-single", Kind::JidSingle),
            ("list-multi", Kind::ListMulti),
            ("list-single", Kind::ListSingle),
            ("text-multi", Kind::TextMulti),
            ("text-private", Kind::TextPrivate),
            ("text-single", Kind::TextSingle),
            ("something-else", Kind::TextSingle),
        ];
        for (name, kind) in known {
            let form = form(&format!("<field var='a' type='{name}'/>")).unwrap();
            assert_eq!(form.fields[0].kind, kind, "{name}");
        }
        assert_eq!(
            form("<field var='a'/>").unwrap().fields[0].kind,
            Kind::TextSingle
        );
    }

    #[test]
    fn a_layout_says_what_is_shown_where() {
        let form = form(
            "<field var='a' type='boolean'/><field var='b'/><field var='secret' type='hidden'/>\
             <field type='fixed'><value>Behind it</value></field><field var='c'/>\
             <page xmlns='http://jabber.org/protocol/xdata-layout' label='One'>\
             <text>Read this</text><fieldref var='b'/><fieldref var='secret'/>\
             <section label='Two'><fieldref var='a'/><fieldref var='b'/><fieldref var='z'/>\
             </section></page>",
        )
        .unwrap();
        assert_eq!(
            form.parts,
            [
                Part::Heading("One".to_owned(), 0),
                Part::Text("Read this".to_owned()),
                Part::Field(1),
                Part::Heading("Two".to_owned(), 1),
                Part::Field(0),
                Part::Field(3),
                Part::Field(4),
            ]
        );
    }

    #[test]
    fn rules_are_read() {
        let form = form(
            "<field var='a'><validate xmlns='http://jabber.org/protocol/xdata-validate' \
             datatype='xs:integer'><range min='1' max='x'/></validate></field>\
             <field var='b' type='list-multi'><validate \
             xmlns='http://jabber.org/protocol/xdata-validate'><open/>\
             <list-range min='1' max='3'/></validate></field>",
        )
        .unwrap();
        let [a, b] = &form.fields[..] else {
            panic!("{form:?}")
        };
        assert_eq!(a.rule.datatype, Datatype::Integer);
        assert_eq!(a.rule.range, (Some("1".to_owned()), Some("x".to_owned())));
        assert_eq!(b.rule.count, (Some(1), Some(3)));
        assert!(b.rule.open);
    }

    #[test]
    fn what_is_too_much_is_no_form() {
        let field = "<field var='a'><value>b</value></field>";
        assert!(form(&field.repeat(MOST_FIELDS)).is_some());
        assert_eq!(form(&field.repeat(MOST_FIELDS + 1)), None);
        let values = |count| {
            let values = "<value>b</value>".repeat(count);
            form(&format!("<field var='a' type='jid-multi'>{values}</field>"))
        };
        assert!(values(MOST_VALUES).is_some());
        assert_eq!(values(MOST_VALUES + 1), None);
        let long = "b".repeat(LONGEST_VALUES + 1);
        assert_eq!(
            form(&format!("<field var='a'><value>{long}</value></field>")),
            None
        );
        assert_eq!(form(&format!("<field var='{}'/>", "a".repeat(257))), None);
        let sections = "<section label='s'>".repeat(100) + &"</section>".repeat(100);
        let page = "<page xmlns='http://jabber.org/protocol/xdata-layout'>";
        let many = format!("{page}{}</page>", sections.repeat(20));
        assert!(form(&many).unwrap().parts.len() <= MOST_PARTS);
    }

    #[test]
    fn what_is_filled_in_goes_back() {
        let read = form(
            "<field var='FORM_TYPE' type='hidden'><value>t</value></field>\
             <field var='a' type='text-multi'><value>1</value><value>2</value></field>",
        )
        .unwrap();
        let sent = "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>t</value>\
             </field><field var='a'><value>1</value><value>2</value></field></x>";
        assert_eq!(submit(&read.answer()), sent.parse().unwrap());
    }
}
