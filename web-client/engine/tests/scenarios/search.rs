//! People in a directory (XEP-0055).

use couplet_engine::Command;
use couplet_engine::modules::xep0055_search;
use couplet_engine::store::{DirectoryAnswer, NotFound, PageAnswer, Person};
use minidom::Element;

use crate::scenario::{ME, Scenario, resumption};

const SERVICE: &str = "characters.shakespeare.lit";
const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const SEARCH: &str = "jabber:iq:search";

/// XEP-0055, example 2.
const FIELDS: &str = "<instructions>Fill in one or more fields to search for any matching Jabber \
     users.</instructions><first/><last/><nick/><email/>";

/// XEP-0055, example 8.
const FORM: &str = "<instructions>Use the enclosed form to search.</instructions>\
     <x xmlns='jabber:x:data' type='form'><title>User Directory Search</title>\
     <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>\
     <field type='text-single' label='Given Name' var='first'/>\
     <field type='text-single' label='Family Name' var='last'/>\
     <field type='list-single' label='Gender' var='x-gender'>\
     <option label='Male'><value>male</value></option>\
     <option label='Female'><value>female</value></option></field></x>";

fn open(scenario: &mut Scenario) {
    scenario.command(Command::Search(xep0055_search::Command::Open));
}

fn find(scenario: &mut Scenario, search: &str, text: &str) {
    scenario.command(Command::Search(xep0055_search::Command::Find {
        search: search.to_owned(),
        text: text.to_owned(),
    }));
}

/// What the directory has told since this was last asked.
fn answers(scenario: &mut Scenario) -> Vec<DirectoryAnswer> {
    let answers = scenario.answers().filter_map(|answer| match answer {
        PageAnswer::Directory(answer) => Some(answer),
        _ => None,
    });
    answers.collect()
}

/// What has come of the one search.
fn outcome(scenario: &mut Scenario) -> Result<Vec<Person>, NotFound> {
    let mut answers = answers(scenario);
    assert_eq!(answers.len(), 1, "{answers:?}");
    match answers.remove(0) {
        DirectoryAnswer::Found { outcome, .. } => outcome,
        offered => panic!("{offered:?}"),
    }
}

fn names(people: &[Person]) -> Vec<&str> {
    people.iter().map(|person| person.name.as_str()).collect()
}

/// The next request to `to` for something in `namespace`: its id, and what it asks.
fn next(scenario: &mut Scenario, to: &str, namespace: &str) -> Option<(String, Element)> {
    let asks = |sent: &Element| {
        sent.attr("to") == Some(to) && sent.children().any(|child| child.ns() == namespace)
    };
    let iq = scenario.find(asks)?;
    Some((
        iq.attr("id")?.to_owned(),
        iq.children().next().unwrap().clone(),
    ))
}

fn answer(scenario: &mut Scenario, from: &str, id: &str, payload: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='result' from='{from}' id='{id}'>{payload}</iq>"
    ));
}

fn answer_query(scenario: &mut Scenario, to: &str, namespace: &str, inner: &str) {
    let (id, _) = next(scenario, to, namespace).unwrap_or_else(|| panic!("{to}: {namespace}"));
    let query = format!("<query xmlns='{namespace}'>{inner}</query>");
    answer(scenario, to, &id, &query);
}

fn refuse(scenario: &mut Scenario, id: &str, inner: &str) {
    scenario.recv(&format!(
        "<iq xmlns='jabber:client' type='error' from='{SERVICE}' id='{id}'>\
         <error type='modify'>{inner}</error></iq>"
    ));
}

/// The server has a part that says that it can be searched.
fn describe(scenario: &mut Scenario) {
    let items = format!("<item jid='{SERVICE}'/>");
    answer_query(scenario, "example.org", ITEMS, &items);
    answer_query(scenario, "example.org", INFO, "");
    let feature = format!("<feature var='{SEARCH}'/>");
    answer_query(scenario, SERVICE, INFO, &feature);
}

/// Somebody has opened a directory that asks for this.
fn opened(form: &str) -> Scenario {
    let mut scenario = Scenario::signed_in();
    assert!(next(&mut scenario, "example.org", ITEMS).is_none());
    open(&mut scenario);
    describe(&mut scenario);
    assert_eq!(answers(&mut scenario), []);
    answer_query(&mut scenario, SERVICE, SEARCH, form);
    assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(true)]);
    scenario
}

/// All that has been asked, each with its id.
fn questions(scenario: &mut Scenario) -> Vec<(String, Element)> {
    std::iter::from_fn(|| next(scenario, SERVICE, SEARCH)).collect()
}

/// What was asked for in the fields of XEP-0055, or in those of a form.
fn filled(query: &Element) -> Vec<(String, String)> {
    let form = query.get_child("x", "jabber:x:data");
    let fields = form.unwrap_or(query).children();
    let name = |field: &Element| field.attr("var").unwrap_or(field.name()).to_owned();
    let text = |field: &Element| {
        let value = field.get_child("value", "jabber:x:data");
        value.unwrap_or(field).text()
    };
    fields.map(|field| (name(field), text(field))).collect()
}

/// Has each question answered with the same.
fn answer_all(scenario: &mut Scenario, inner: &str) {
    for (id, _) in questions(scenario) {
        let query = format!("<query xmlns='{SEARCH}'>{inner}</query>");
        answer(scenario, SERVICE, &id, &query);
    }
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

/// XEP-0055, examples 1 to 4. Prosody finds whoever goes with one of the fields.
#[test]
fn fields_are_filled_in_at_once_and_everybody_is_found_once() {
    let mut scenario = opened(FIELDS);
    find(&mut scenario, "1", "Capulet");
    let questions = questions(&mut scenario);
    assert_eq!(questions.len(), 1);
    let all = ["nick", "first", "last", "email"].map(|name| pair(name, "Capulet"));
    assert_eq!(filled(&questions[0].1), all);
    assert_eq!(answers(&mut scenario), []);
    let juliet = "<item jid='juliet@capulet.com'><first>Juliet</first><last>Capulet</last>\
         <nick>JuliC</nick><email>juliet@shakespeare.lit</email></item>";
    let tybalt = "<item jid='tybalt@shakespeare.lit'><first>Tybalt</first><last>Capulet</last>\
         <nick>ty</nick><email>tybalt@shakespeare.lit</email></item>";
    let query = format!("<query xmlns='{SEARCH}'>{juliet}{tybalt}{juliet}</query>");
    answer(&mut scenario, SERVICE, &questions[0].0, &query);
    let person = |jid: &str, name: &str, details: [&str; 2]| Person {
        jid: jid.parse().unwrap(),
        name: name.to_owned(),
        details: details.map(str::to_owned).into(),
    };
    let found = DirectoryAnswer::Found {
        search: "1".to_owned(),
        text: "Capulet".to_owned(),
        outcome: Ok(vec![
            person(
                "juliet@capulet.com",
                "Juliet Capulet",
                ["JuliC", "juliet@shakespeare.lit"],
            ),
            // An address that is the one shown anyway tells nothing.
            Person {
                details: vec!["ty".to_owned()],
                ..person("tybalt@shakespeare.lit", "Tybalt Capulet", ["", ""])
            },
        ]),
    };
    assert_eq!(answers(&mut scenario), [found]);
}

/// XEP-0055, examples 7 to 10.
#[test]
fn a_form_is_filled_in_as_it_wants_to_be() {
    let mut scenario = opened(FORM);
    find(&mut scenario, "1", "Montague");
    let questions = questions(&mut scenario);
    let asked: Vec<_> = questions.iter().map(|(_, query)| filled(query)).collect();
    let kind = || pair("FORM_TYPE", "jabber:iq:search");
    assert_eq!(
        asked,
        [
            vec![kind(), pair("first", "Montague")],
            vec![kind(), pair("last", "Montague")],
        ]
    );
    let form = questions[0].1.get_child("x", "jabber:x:data").unwrap();
    assert_eq!(form.attr("type"), Some("submit"));
    let results = format!(
        "<query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='result'>\
         <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>\
         <reported><field var='first' label='Given Name' type='text-single'/>\
         <field var='last' label='Family Name' type='text-single'/>\
         <field var='jid' label='Jabber ID' type='jid-single'/>\
         <field var='x-gender' label='Gender' type='list-single'/></reported>\
         <item><field var='first'><value>Benvolio</value></field>\
         <field var='last'><value>Montague</value></field>\
         <field var='jid'><value>benvolio@montague.net</value></field>\
         <field var='x-gender'><value>male</value></field></item>\
         <item><field var='first'><value>Romeo</value></field>\
         <field var='last'><value>Montague</value></field>\
         <field var='jid'><value>romeo@montague.net</value></field>\
         <field var='x-gender'><value>male</value></field></item></x></query>"
    );
    for (id, _) in questions {
        answer(&mut scenario, SERVICE, &id, &results);
    }
    let people = outcome(&mut scenario).unwrap();
    assert_eq!(names(&people), ["Benvolio Montague", "Romeo Montague"]);
    assert_eq!(people[1].jid.as_str(), "romeo@montague.net");
}

/// Some find the beginning of a name only if a star says that it is one. Who has two names is
/// asked for by both.
#[test]
fn the_beginning_of_a_name_is_marked_where_the_service_wants_that() {
    let form = FORM.replace("search.<", "search (Add * to the end of field).<");
    let form = form.replace(
        "<title>",
        "<instructions>Add * to the end</instructions><title>",
    );
    let mut scenario = opened(&form);
    find(&mut scenario, "1", "  Benvolio \n Mont ");
    let questions = questions(&mut scenario);
    let asked: Vec<_> = questions.iter().map(|(_, query)| filled(query)).collect();
    let kind = || pair("FORM_TYPE", "jabber:iq:search");
    assert_eq!(
        asked,
        [
            vec![kind(), pair("first", "Benvolio Mont*")],
            vec![kind(), pair("last", "Benvolio Mont*")],
            vec![kind(), pair("first", "Benvolio*"), pair("last", "Mont*")],
        ]
    );
    find(&mut scenario, "1", "Ben*");
    let (_, query) = next(&mut scenario, SERVICE, SEARCH).unwrap();
    assert_eq!(filled(&query)[1], pair("first", "Ben*"));
    // ejabberd 23.01 doesn't say so.
    let mut scenario = opened(
        "<x xmlns='jabber:x:data' type='form'><field var='user' type='text-single'/>\
         <field var='fn' type='text-single'/><field var='bday' type='text-single'/></x>",
    );
    find(&mut scenario, "1", "Ben");
    // Nor do all of its databases find anybody so: whole names are the last resort.
    let none = "<x xmlns='jabber:x:data' type='result'/>";
    for name in ["Ben*", "Ben"] {
        assert_eq!(answers(&mut scenario), []);
        for field in ["fn", "user"] {
            let (id, query) = next(&mut scenario, SERVICE, SEARCH).unwrap();
            assert_eq!(filled(&query), [pair(field, name)]);
            let query = format!("<query xmlns='{SEARCH}'>{none}</query>");
            answer(&mut scenario, SERVICE, &id, &query);
        }
    }
    assert_eq!(outcome(&mut scenario), Ok(Vec::new()));
}

/// Openfire looks for one text in the fields that are ticked.
#[test]
fn a_field_for_everything_is_enough_and_what_is_ticked_stays_so() {
    let mut scenario = opened(
        "<x xmlns='jabber:x:data' type='form'>\
         <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>\
         <field type='text-single' var='nick'/>\
         <field type='text-single' var='search' label='Search'><required/></field>\
         <field type='boolean' var='Name'><value>1</value></field>\
         <field type='hidden' var='none'/></x>",
    );
    find(&mut scenario, "1", "Romeo");
    let questions = questions(&mut scenario);
    assert_eq!(questions.len(), 1);
    assert_eq!(
        filled(&questions[0].1),
        [
            pair("FORM_TYPE", "jabber:iq:search"),
            pair("Name", "1"),
            pair("search", "Romeo"),
        ]
    );
    answer(
        &mut scenario,
        SERVICE,
        &questions[0].0,
        &format!(
            "<query xmlns='{SEARCH}'><x xmlns='jabber:x:data' type='result'><item>\
             <field var='jid'><value>romeo@montague.net</value></field>\
             <field var='Name'><value>Romeo M.</value></field></item></x></query>"
        ),
    );
    assert_eq!(names(&outcome(&mut scenario).unwrap()), ["Romeo M."]);
    // A form of nobody's has its first field filled in.
    let mut scenario =
        opened("<x xmlns='jabber:x:data' type='form'><field var='who'/><field var='where'/></x>");
    find(&mut scenario, "1", "Romeo");
    let (_, query) = next(&mut scenario, SERVICE, SEARCH).unwrap();
    assert_eq!(filled(&query), [pair("who", "Romeo")]);
}

#[test]
fn a_form_without_end_is_none() {
    let form = |fields: usize| {
        let hidden = "<field type='hidden' var='x'><value>x</value></field>".repeat(fields);
        format!("<x xmlns='jabber:x:data' type='form'><field var='nick'/>{hidden}</x>")
    };
    let mut scenario = opened(&form(100));
    find(&mut scenario, "1", "Ju");
    let questions = questions(&mut scenario);
    let filled = filled(&questions[0].1);
    assert_eq!((filled.len(), &filled[100]), (101, &pair("nick", "Ju")));

    let mut scenario = Scenario::signed_in();
    open(&mut scenario);
    describe(&mut scenario);
    answer_query(&mut scenario, SERVICE, SEARCH, &form(1000));
    assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(false)]);
}

#[test]
fn who_goes_with_all_words_comes_first() {
    let mut scenario = opened(FIELDS);
    find(&mut scenario, "1", "juliet capulet");
    let questions = questions(&mut scenario);
    let both = [
        pair("nick", "juliet capulet"),
        pair("email", "juliet capulet"),
        pair("first", "juliet"),
        pair("last", "capulet"),
    ];
    assert_eq!(filled(&questions[1].1), both);
    let found = format!(
        "<query xmlns='{SEARCH}'><item jid='tybalt@shakespeare.lit'><first>Tybalt</first><last>Capulet</last></item>\
         <item jid='juliet@capulet.com'><first>Juliet</first><last>Capulet</last></item></query>"
    );
    for (id, _) in questions {
        answer(&mut scenario, SERVICE, &id, &found);
    }
    let people = outcome(&mut scenario).unwrap();
    assert_eq!(names(&people), ["Juliet Capulet", "Tybalt Capulet"]);
}

/// XEP-0055, example 5.
#[test]
fn nobody_is_an_answer() {
    let mut scenario = opened(FIELDS);
    find(&mut scenario, "1", "Lear");
    answer_all(&mut scenario, "");
    assert_eq!(outcome(&mut scenario), Ok(Vec::new()));
}

#[test]
fn what_is_said_of_people_is_bounded_and_plain() {
    let mut scenario = opened("<nick/>");
    find(&mut scenario, "1", "x");
    let (id, query) = next(&mut scenario, SERVICE, SEARCH).unwrap();
    assert_eq!(filled(&query), [pair("nick", "x")]);
    // Nobody else answers for the service.
    for from in ["mallory@example.org", "example.org", ME] {
        let item = "<item jid='mallory@example.org'/>";
        let query = format!("<query xmlns='{SEARCH}'>{item}</query>");
        answer(&mut scenario, from, &id, &query);
        assert_eq!(answers(&mut scenario), []);
    }
    let long = "long ".repeat(1000);
    let mut items = format!(
        "<item jid='javascript:alert(1)'/><item jid='https://evil.example/x@y'/><item/>\
         <item jid='evil.example'><nick>a server</nick></item>\
         <item jid='{ME}'><nick>x, we ourselves</nick></item>\
         <item jid='a@b.example/phone'/>\
         <item jid='bidi@b.example'><nick>x \u{202e}gnp.exe\u{202c}\u{7f}\n\tb</nick></item>\
         <item jid='long@b.example'><nick>x {long}</nick><email>{long}</email></item>\
         <item jid='bidi@b.example'><nick>again</nick></item>\
         <item xmlns='urn:other' jid='none@b.example'/>"
    );
    for number in 0..500 {
        items += &format!("<item jid='n{number}@b.example'/>");
    }
    let query = format!("<query xmlns='{SEARCH}'>{items}</query>");
    answer(&mut scenario, SERVICE, &id, &query);
    let people = outcome(&mut scenario).unwrap();
    assert_eq!(people.len(), 30);
    assert_eq!(people[0].name, "x gnp.exe b");
    assert_eq!(people[1].jid.as_str(), "long@b.example");
    assert!(people[1].name.len() <= 100 && people[1].details[0].len() <= 100);
    assert_eq!(names(&people)[2..4], ["n0", "n1"]);
    let ours = |person: &Person| person.jid.as_str() == ME || person.jid.node().is_none();
    assert!(!people.iter().any(ours));
    // Nobody is looked for by nothing, which ejabberd would find everybody for.
    find(&mut scenario, "1", " \n");
    assert_eq!(outcome(&mut scenario), Ok(Vec::new()));
    assert_eq!(questions(&mut scenario), []);
    // What we look for is bounded as well.
    find(&mut scenario, "1", &long);
    let (_, query) = next(&mut scenario, SERVICE, SEARCH).unwrap();
    assert!(filled(&query)[0].1.len() <= 100);
}

#[test]
fn without_a_directory_nothing_is_offered() {
    let mut scenario = Scenario::signed_in();
    open(&mut scenario);
    find(&mut scenario, "1", "Juliet");
    answer_query(&mut scenario, "example.org", ITEMS, "");
    answer_query(&mut scenario, "example.org", INFO, "");
    let none = |text: &str| DirectoryAnswer::Found {
        search: "1".to_owned(),
        text: text.to_owned(),
        outcome: Err(NotFound::NoDirectory),
    };
    let told = [DirectoryAnswer::Offered(false), none("Juliet")];
    assert_eq!(answers(&mut scenario), told);
    // One that asks for no name, or for nothing, is none.
    for form in [
        "<instructions>See our web site.</instructions>",
        "<x xmlns='jabber:x:data' type='form'><field type='boolean' var='nick'/></x>",
    ] {
        open(&mut scenario);
        describe(&mut scenario);
        answer_query(&mut scenario, SERVICE, SEARCH, form);
        assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(false)]);
    }
    open(&mut scenario);
    describe(&mut scenario);
    let (id, _) = next(&mut scenario, SERVICE, SEARCH).unwrap();
    refuse(
        &mut scenario,
        &id,
        "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>",
    );
    assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(false)]);
}

#[test]
fn a_refusal_is_told_unless_another_question_has_found_somebody() {
    const REFUSAL: &str = "<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Too \u{202e}short</text>";
    let mut scenario = opened(FORM);
    for found in ["", "<item jid='juliet@capulet.com'/>"] {
        find(&mut scenario, "1", "Ju");
        let questions = questions(&mut scenario);
        refuse(&mut scenario, &questions[0].0, REFUSAL);
        let query = format!("<query xmlns='{SEARCH}'>{found}</query>");
        answer(&mut scenario, SERVICE, &questions[1].0, &query);
        assert_eq!(questions.len(), 2);
        let outcome = outcome(&mut scenario);
        if found.is_empty() {
            let refused = NotFound::Refused {
                condition: "not-acceptable".to_owned(),
                text: Some("Too short".to_owned()),
            };
            assert_eq!(outcome, Err(refused));
        } else {
            assert_eq!(names(&outcome.unwrap()), ["juliet"]);
        }
    }
    // Nobody waits for ever.
    find(&mut scenario, "1", "Ju");
    scenario.wait_a_minute();
    let late = NotFound::Refused {
        condition: "remote-server-timeout".to_owned(),
        text: None,
    };
    assert_eq!(outcome(&mut scenario), Err(late));
    // Nor is an answer that is none a person.
    find(&mut scenario, "1", "Ju");
    for (id, _) in questions(&mut scenario) {
        answer(&mut scenario, SERVICE, &id, "");
    }
    assert!(outcome(&mut scenario).is_err());
}

#[test]
fn only_the_last_search_is_answered() {
    let mut scenario = opened("<nick/>");
    find(&mut scenario, "1", "Ju");
    find(&mut scenario, "1", "Jul");
    find(&mut scenario, "another tab", "Ty");
    let found = ["a@b.example", "b@b.example", "c@b.example"];
    for ((id, _), jid) in questions(&mut scenario).iter().zip(found) {
        let query = format!("<query xmlns='{SEARCH}'><item jid='{jid}'/></query>");
        answer(&mut scenario, SERVICE, id, &query);
    }
    let told = answers(&mut scenario)
        .into_iter()
        .map(|answer| match answer {
            DirectoryAnswer::Found {
                search,
                text,
                outcome,
            } => (search, text, names(&outcome.unwrap()).concat()),
            offered => panic!("{offered:?}"),
        });
    let told: Vec<_> = told.collect();
    let one = |search: &str, text: &str, name: &str| {
        (search.to_owned(), text.to_owned(), name.to_owned())
    };
    assert_eq!(told, [one("1", "Jul", "b"), one("another tab", "Ty", "c")]);
}

#[test]
fn without_a_connection_a_search_fails_and_an_opening_waits() {
    let mut scenario = Scenario::signed_in();
    scenario.lose_connection();
    open(&mut scenario);
    find(&mut scenario, "1", "Juliet");
    assert_eq!(outcome(&mut scenario), Err(NotFound::Offline));
    scenario.advance(2);
    scenario.authenticate();
    scenario.features("<sm xmlns='urn:xmpp:sm:3'/>");
    scenario.recv(&resumption("session-1", 0));
    describe(&mut scenario);
    answer_query(&mut scenario, SERVICE, SEARCH, FIELDS);
    assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(true)]);
    // It is known for as long as the session goes on.
    open(&mut scenario);
    assert_eq!(answers(&mut scenario), [DirectoryAnswer::Offered(true)]);
    find(&mut scenario, "1", "Juliet");
    assert_eq!(questions(&mut scenario).len(), 1);
}
