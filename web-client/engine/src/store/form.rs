//! Forms that somebody wants filled in (XEP-0004), and what is wrong with what is filled in.

use jid::Jid;
use serde::{Deserialize, Serialize};

use crate::xep0082;

/// A form, and what is in it by now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// What it is called.
    pub title: Option<String>,
    /// How it is to be filled in.
    pub instructions: Vec<String>,
    /// All fields, also those that nobody sees.
    pub fields: Vec<Field>,
    /// What is shown, from top to bottom (XEP-0141).
    pub parts: Vec<Part>,
}

/// Something that is shown of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// What those behind it have in common; one within another is deeper, from 0 on.
    Heading(String, u8),
    /// Something to be read.
    Text(String),
    /// A field, by its place.
    Field(usize),
}

/// A field of a form, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// By which whoever wants the form filled in knows it; empty if nothing goes back.
    pub var: String,
    /// What can be in it.
    pub kind: Kind,
    /// What it is called.
    pub label: Option<String>,
    /// What is good to know about it.
    pub description: Option<String>,
    /// Whether something has to be in it.
    pub required: bool,
    /// What is in it; each line of a longer text is a value.
    pub values: Vec<String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// What is to be kept to.
    pub rule: Rule,
}

/// What can be in a field (XEP-0004 3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Yes or no.
    Boolean,
    /// Nothing: it is to be read.
    Fixed,
    /// What nobody sees, and goes back as it came.
    Hidden,
    /// Addresses.
    JidMulti,
    /// An address.
    JidSingle,
    /// Several of what can be chosen.
    ListMulti,
    /// One of what can be chosen.
    ListSingle,
    /// Lines.
    TextMulti,
    /// A line that nobody else is to see.
    TextPrivate,
    /// A line.
    #[default]
    TextSingle,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What goes back.
    pub value: String,
    /// What it is called.
    pub label: String,
}

/// What the values of a field have to be (XEP-0122). Patterns are left to whoever wants the form
/// filled in, since there are some that would take a browser for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Of which type.
    pub datatype: Datatype,
    /// The least and the greatest.
    pub range: (Option<String>, Option<String>),
    /// How many at least, and at most, of several that can be chosen.
    pub count: (Option<u32>, Option<u32>),
    /// Whether something may be chosen that isn't offered.
    pub open: bool,
}

/// The type of a value (XEP-0122 5.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Datatype {
    /// Anything, or something that only the other side knows.
    #[default]
    Text,
    /// A number without a fraction.
    Integer,
    /// Any number.
    Number,
    /// A point in time (XEP-0082).
    Moment,
    /// A day.
    Day,
}

/// Why a field can't be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// There is nothing in it.
    Missing,
    /// That is no address.
    NoAddress(String),
    /// That is no number.
    NoNumber,
    /// That is no number without a fraction.
    NoInteger,
    /// That is no time, or no day.
    NoTime,
    /// That is less than this.
    Less(String),
    /// That is more than this.
    More(String),
    /// Those are fewer than so many.
    Few(u32),
    /// Those are more than so many.
    Many(u32),
    /// That isn't offered.
    NotOffered,
}

/// What goes back of a form: fields and what is in them.
pub type Answer = Vec<(String, Vec<String>)>;

impl Form {
    /// The field that is called so.
    pub fn field(&self, var: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.var == var)
    }

    /// Has `value` be in a field, if the form has it and that can be in it.
    pub fn put(&mut self, var: &str, value: &str) -> bool {
        let field = self.fields.iter_mut().find(|field| field.var == var);
        let Some(field) = field.filter(|field| field.takes(value)) else {
            return false;
        };
        field.values = vec![value.to_owned()];
        true
    }

    /// What is wrong with it, by the places of fields.
    pub fn wrong(&self) -> Vec<(usize, Wrong)> {
        let fields = self.fields.iter().enumerate();
        fields
            .filter_map(|(place, field)| Some((place, field.wrong()?)))
            .collect()
    }

    /// What goes back: all that has a name, also what nobody sees (XEP-0004 3.2).
    pub fn answer(&self) -> Answer {
        let named = |field: &&Field| field.kind != Kind::Fixed && !field.var.is_empty();
        let fields = self.fields.iter().filter(named);
        fields
            .map(|field| (field.var.clone(), field.sent()))
            .collect()
    }
}

impl Field {
    /// Whether it is so, of what is yes or no.
    pub fn is_on(&self) -> bool {
        matches!(self.first(), "1" | "true")
    }

    /// What is in it, if that is one value.
    pub fn first(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// What a screen says of it.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.var)
    }

    /// Its values as they go back: a yes or no is always one, and an empty line is no address.
    fn sent(&self) -> Vec<String> {
        match self.kind {
            Kind::JidMulti | Kind::JidSingle | Kind::ListMulti | Kind::ListSingle => {
                let values = self.values.iter().map(|value| value.trim());
                let values = values.filter(|value| !value.is_empty());
                values.map(str::to_owned).collect()
            }
            Kind::Boolean => vec![if self.is_on() { "1" } else { "0" }.to_owned()],
            _ => self.values.clone(),
        }
    }

    fn takes(&self, value: &str) -> bool {
        match self.kind {
            Kind::ListSingle | Kind::ListMulti => self.offers(value) || self.rule.open,
            Kind::Boolean => matches!(value, "0" | "1"),
            Kind::Fixed | Kind::Hidden => false,
            _ => true,
        }
    }

    fn offers(&self, value: &str) -> bool {
        self.choices.iter().any(|choice| choice.value == value)
    }

    /// What is wrong with it, if anything is.
    pub fn wrong(&self) -> Option<Wrong> {
        if matches!(self.kind, Kind::Fixed | Kind::Hidden | Kind::Boolean) {
            // Nobody can mend the former, and the latter has a value always.
            return None;
        }
        let values = self.values.iter().map(|value| value.trim());
        let mut values = values.filter(|value| !value.is_empty());
        let count = u32::try_from(values.clone().count()).unwrap_or(u32::MAX);
        if count == 0 {
            return self.required.then_some(Wrong::Missing);
        }
        let counted = Some(&self.rule.count).filter(|_| self.kind == Kind::ListMulti);
        match counted.copied().unwrap_or_default() {
            (Some(fewest), _) if count < fewest => return Some(Wrong::Few(fewest)),
            (_, Some(most)) if count > most => return Some(Wrong::Many(most)),
            _ => {}
        }
        values.find_map(|value| self.wrong_value(value))
    }

    fn wrong_value(&self, value: &str) -> Option<Wrong> {
        match self.kind {
            Kind::JidSingle | Kind::JidMulti => {
                return Jid::new(value)
                    .is_err()
                    .then(|| Wrong::NoAddress(value.to_owned()));
            }
            Kind::ListSingle | Kind::ListMulti if !self.rule.open => {
                return (!self.offers(value)).then_some(Wrong::NotOffered);
            }
            _ => {}
        }
        let number = value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        match (self.rule.datatype, number) {
            (Datatype::Text, _) => None,
            (Datatype::Integer, _) if value.parse::<i64>().is_err() => Some(Wrong::NoInteger),
            (Datatype::Number, None) => Some(Wrong::NoNumber),
            (Datatype::Integer | Datatype::Number, number) => self.out_of_range(number?),
            (Datatype::Moment, _) => xep0082::read(value).is_none().then_some(Wrong::NoTime),
            (Datatype::Day, _) => {
                let midnight = [value, "T00:00:00Z"].concat();
                xep0082::read(&midnight).is_none().then_some(Wrong::NoTime)
            }
        }
    }

    fn out_of_range(&self, number: f64) -> Option<Wrong> {
        let (least, most) = &self.rule.range;
        let beyond = |bound: &&String, is: fn(&f64, &f64) -> bool| {
            bound.parse::<f64>().is_ok_and(|bound| is(&number, &bound))
        };
        let least = least.as_ref().filter(|bound| beyond(bound, f64::lt));
        let most = most.as_ref().filter(|bound| beyond(bound, f64::gt));
        least
            .map(|bound| Wrong::Less(bound.clone()))
            .or_else(|| most.map(|bound| Wrong::More(bound.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: Kind, values: &[&str], rule: Rule) -> Field {
        let choice = |value: &str| Choice {
            value: value.to_owned(),
            label: value.to_uppercase(),
        };
        Field {
            var: "field".to_owned(),
            kind,
            values: values.iter().map(|&value| value.to_owned()).collect(),
            choices: ["a", "b", "c"].map(choice).into(),
            rule,
            ..Field::default()
        }
    }

    fn rule(datatype: Datatype, least: &str, most: &str) -> Rule {
        Rule {
            datatype,
            range: (Some(least.to_owned()), Some(most.to_owned())),
            ..Rule::default()
        }
    }

    #[test]
    fn what_is_required_has_to_be_there() {
        for kind in [Kind::TextSingle, Kind::JidMulti, Kind::ListSingle] {
            for nothing in [&[][..], &[""]] {
                let mut empty = field(kind, nothing, rule(Datatype::Integer, "1", "2"));
                assert_eq!(empty.wrong(), None);
                empty.required = true;
                assert_eq!(empty.wrong(), Some(Wrong::Missing));
            }
        }
        // No is an answer, and nobody can fill in what isn't seen.
        for kind in [Kind::Boolean, Kind::Hidden, Kind::Fixed] {
            let mut empty = field(kind, &[], Rule::default());
            empty.required = true;
            assert_eq!(empty.wrong(), None);
        }
    }

    #[test]
    fn what_is_filled_in_keeps_to_the_rules() {
        let number = |value, datatype| {
            let rule = rule(datatype, "1", "10");
            field(Kind::TextSingle, &[value], rule).wrong()
        };
        let cases = [
            ("5", Datatype::Integer, None),
            ("5.5", Datatype::Integer, Some(Wrong::NoInteger)),
            ("5.5", Datatype::Number, None),
            ("five", Datatype::Number, Some(Wrong::NoNumber)),
            ("NaN", Datatype::Number, Some(Wrong::NoNumber)),
            ("0", Datatype::Integer, Some(Wrong::Less("1".to_owned()))),
            ("11", Datatype::Number, Some(Wrong::More("10".to_owned()))),
            ("five", Datatype::Text, None),
            ("2026-11-02T09:00:00Z", Datatype::Moment, None),
            ("2026-11-02", Datatype::Moment, Some(Wrong::NoTime)),
            ("2026-11-02", Datatype::Day, None),
            ("2026-13-02", Datatype::Day, Some(Wrong::NoTime)),
        ];
        for (value, datatype, wrong) in cases {
            assert_eq!(number(value, datatype), wrong, "{value}: {datatype:?}");
        }
        let addresses = field(Kind::JidMulti, &["a@b.c", "@"], Rule::default());
        assert_eq!(addresses.wrong(), Some(Wrong::NoAddress("@".to_owned())));
    }

    #[test]
    fn only_what_is_offered_is_chosen_and_so_many() {
        let counted = Rule {
            count: (Some(2), Some(2)),
            ..Rule::default()
        };
        let chosen = |values: &[&str]| field(Kind::ListMulti, values, counted.clone()).wrong();
        assert_eq!(chosen(&["a"]), Some(Wrong::Few(2)));
        assert_eq!(chosen(&["a", "b"]), None);
        assert_eq!(chosen(&["a", "b", "c"]), Some(Wrong::Many(2)));
        assert_eq!(chosen(&["a", "d"]), Some(Wrong::NotOffered));
        let open = Rule {
            open: true,
            ..Rule::default()
        };
        assert_eq!(field(Kind::ListSingle, &["d"], open).wrong(), None);
    }

    #[test]
    fn only_what_can_be_in_a_field_is_put_there() {
        let mut form = Form {
            fields: vec![
                field(Kind::ListSingle, &["a"], Rule::default()),
                Field {
                    var: "hidden".to_owned(),
                    kind: Kind::Hidden,
                    values: vec!["as it came".to_owned()],
                    ..Field::default()
                },
                Field {
                    kind: Kind::Fixed,
                    values: vec!["to be read".to_owned()],
                    ..Field::default()
                },
            ],
            ..Form::default()
        };
        assert!(form.put("field", "b"));
        assert!(!form.put("field", "d") && !form.put("hidden", "b") && !form.put("other", "b"));
        let answer = |var: &str, value: &str| (var.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            form.answer(),
            [answer("field", "b"), answer("hidden", "as it came")]
        );
    }
}
