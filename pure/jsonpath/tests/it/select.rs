//! What paths select.

use expect_test::{Expect, expect};
use jsonpath::{Path, Selection};
use serde_json::{Value, json};

fn answer(document: &Value, text: &str) -> String {
    let path = Path::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    match path.select(document) {
        Err(missing) if missing.past_end => format!("past end; {missing}"),
        Err(missing) => format!("{missing}"),
        Ok(Selection::One(value)) => format!("one {value}"),
        Ok(many @ Selection::Many(_)) => format!("many {}", many.into_value()),
        Ok(Selection::Computed(value)) => format!("computed {value}"),
    }
}

fn check(document: &Value, texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| format!("{text} => {}\n", answer(document, text)));
    expected.assert_eq(&lines.collect::<String>());
}

fn store() -> Value {
    json!({
        "store": {
            "book": [
                { "category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95 },
                { "category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99 },
                { "category": "fiction", "author": "Melville", "title": "Moby Dick",
                  "isbn": "0-553-21311-3", "price": 8 },
                { "category": "fiction", "author": "Tolkien", "title": "The Lord",
                  "isbn": "0-395-19395-8", "price": 22.99, "tags": ["ring", "elf"] }
            ],
            "bicycle": { "color": "red", "price": 19.95 }
        },
        "expensive": 10,
        "my-key": 1,
        "def ghi": 2,
        "numbers": [3, 1, 2.5],
        "null": null,
        "empty": [],
        "text": "häß😀",
        "ids": [{ "id": "7" }, { "id": 7 }, { "id": "8" }]
    })
}

// SFN-PATH-1
#[test]
fn definite() {
    check(
        &store(),
        &[
            "$.expensive",
            "$.my-key",
            "$.['def ghi']",
            "$.null",
            "$.store.book[0].title",
            "$.store.book[-1].title",
            "$.store.book[0]title",
            "$['store']['bicycle'].color",
            "$.store.bicycle['color','price','no']",
            "$.store.book.length()",
            "$.store.bicycle.keys()",
            "$.text.length()",
            "$..isbn.length()",
            "$.numbers.min()",
            "$.numbers.max()",
            "$.numbers.avg()",
            "$.numbers.stddev()",
            "$.numbers.first()",
            "$.numbers.last()",
        ],
        expect![[r#"
            $.expensive => one 10
            $.my-key => one 1
            $.['def ghi'] => one 2
            $.null => one null
            $.store.book[0].title => one "Sayings"
            $.store.book[-1].title => one "The Lord"
            $.store.book[0]title => one "Sayings"
            $['store']['bicycle'].color => one "red"
            $.store.bicycle['color','price','no'] => computed {"color":"red","price":19.95}
            $.store.book.length() => computed 4
            $.store.bicycle.keys() => computed ["color","price"]
            $.text.length() => computed 5
            $..isbn.length() => computed 2
            $.numbers.min() => computed 1
            $.numbers.max() => computed 3
            $.numbers.avg() => computed 2.1666666666666665
            $.numbers.stddev() => computed 0.849836585598798
            $.numbers.first() => computed 3
            $.numbers.last() => computed 2.5
        "#]],
    );
}

// SFN-PATH-5, SFN-PATH-6 and the wordings of section 13
#[test]
fn missing() {
    check(
        &store(),
        &[
            "$.no",
            "$.no.a",
            "$.store.no",
            "$.store.no.a",
            "$.store.no['a','b']",
            "$.null.a",
            "$.expensive.a",
            "$.expensive[0]",
            "$.numbers.a",
            "$.numbers[3]",
            "$.numbers[-4]",
            "$.store.book[9].title",
            "$.store[0]",
            "$.numbers.sum()",
            "$.empty.min()",
            "$.expensive.length()",
        ],
        expect![[r#"
            $.no => No results for path: $['no']
            $.no.a => Missing property in path $['no']
            $.store.no => No results for path: $['store']['no']
            $.store.no.a => Missing property in path $['store']['no']
            $.store.no['a','b'] => Missing property in path $['store']['no']
            $.null.a => No results for path: $['null']['a']
            $.expensive.a => No results for path: $['expensive']['a']
            $.expensive[0] => Filter: [0] can only be applied to arrays. Current context is: 10
            $.numbers.a => No results for path: $['numbers']['a']
            $.numbers[3] => past end; No results for path: $['numbers'][3]
            $.numbers[-4] => past end; No results for path: $['numbers'][-4]
            $.store.book[9].title => past end; No results for path: $['store']['book'][9]['title']
            $.store[0] => Filter: [0] can only be applied to arrays. Current context is: {"book":[{"category":"reference","author":"Rees","title":"Sayings","price":8.95},{"category":"fiction","author":"Waugh","title":"Sword","price":12.99},{"category":"fiction","author":"Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8},{"category":"fiction","author":"Tolkien","title":"The Lord","isbn":"0-395-19395-8","price":22.99,"tags":["ring","elf"]}],"bicycle":{"color":"red","price":19.95}}
            $.numbers.sum() => No results for path: $['numbers']
            $.empty.min() => No results for path: $['empty']
            $.expensive.length() => No results for path: $['expensive']
        "#]],
    );
}

// SFN-PATH-5
#[test]
fn indefinite() {
    check(
        &store(),
        &[
            "$.no[*]",
            "$.empty[*]",
            "$.numbers[*]",
            "$.store.bicycle.*",
            "$.numbers[0,2]",
            "$.numbers[0,9]",
            "$.numbers[-1:]",
            "$.numbers[::2]",
            "$.numbers[::-1]",
            "$.numbers[1:]",
            "$.numbers[:1]",
            "$.numbers[5:1]",
            "$.numbers[0:3:0]",
            "$.store.book[*].title",
            "$..price",
            "$..book[2].author",
            "$..['isbn','color']",
            "$.store['bicycle','no'].price",
            "$..nothing",
        ],
        expect![[r#"
            $.no[*] => many []
            $.empty[*] => many []
            $.numbers[*] => many [3,1,2.5]
            $.store.bicycle.* => many ["red",19.95]
            $.numbers[0,2] => many [3,2.5]
            $.numbers[0,9] => many [3]
            $.numbers[-1:] => many [2.5]
            $.numbers[::2] => many [3,2.5]
            $.numbers[::-1] => many [2.5,1,3]
            $.numbers[1:] => many [1,2.5]
            $.numbers[:1] => many [3]
            $.numbers[5:1] => many []
            $.numbers[0:3:0] => many []
            $.store.book[*].title => many ["Sayings","Sword","Moby Dick","The Lord"]
            $..price => many [8.95,12.99,8,22.99,19.95]
            $..book[2].author => many ["Melville"]
            $..['isbn','color'] => many ["0-553-21311-3","0-395-19395-8","red"]
            $.store['bicycle','no'].price => many [19.95]
            $..nothing => many []
        "#]],
    );
}

#[test]
fn filters() {
    check(
        &store(),
        &[
            "$..book[?(@.price < 10)].title",
            "$.store.book[?(@.price <= 8)].title",
            "$.store.book[?(@.price > $.expensive)].title",
            "$.store.book[?(@.isbn)].title",
            "$.store.book[?(!@.isbn)].title",
            "$.store.book[?(!(@.isbn || @.price < 10))].title",
            "$.store.book[?(@.isbn && @.price < 10)].title",
            "$.store.book[?(@.category==reference)].title",
            "$.store.book[?(@.category != 'fiction')].title",
            "$.store.book[?('Rees' == @.author)].title",
            "$.store.book[?(@.author =~ /w.*/i)].title",
            "$.store.book[?(@.author =~ /w/i)].title",
            "$.store.book[?(@.author in ['Rees', 'Waugh'])].title",
            "$.store.book[?(@.author nin ['Rees', 'Waugh'])].title",
            "$.store.book[?(@.tags contains 'elf')].title",
            "$.store.book[?(@.title contains 'Dick')].title",
            "$.store.book[?(@.tags size 2)].title",
            "$.store.book[?(@.tags empty false)].title",
            "$.store.book[?(@.tags anyof ['elf'])].title",
            "$.store.book[?(@.tags noneof ['elf'])].title",
            "$.store.book[?(@.tags subsetof ['elf', 'ring', 'x'])].title",
            "$.store.book[?(@.tags == ['ring', 'elf'])].title",
            "$.store.book[?(@.tags[1] == \"elf\")].title",
            "$.store.book[?(@.title.length() > 7)].title",
            "$.store.book[?(@.price == 8.0)].title",
            "$.ids[?(@.id == 7)]",
            "$.ids[?(@.id == '7')]",
            "$.ids[?(@.no == null)]",
            "$.ids[?(@.no != 1)].id",
            "$.ids[?(@.id < 8)]",
            "$.numbers[?(@ > 2)]",
            "$.store.bicycle[?(@.color == 'red')].price",
            "$..[?(@.price > 15)].price",
            "$.store.book[?(@.price < 10)][?(@.isbn)].title",
        ],
        expect![[r#"
            $..book[?(@.price < 10)].title => many ["Sayings","Moby Dick"]
            $.store.book[?(@.price <= 8)].title => many ["Moby Dick"]
            $.store.book[?(@.price > $.expensive)].title => many ["Sword","The Lord"]
            $.store.book[?(@.isbn)].title => many ["Moby Dick","The Lord"]
            $.store.book[?(!@.isbn)].title => many ["Sayings","Sword"]
            $.store.book[?(!(@.isbn || @.price < 10))].title => many ["Sword"]
            $.store.book[?(@.isbn && @.price < 10)].title => many ["Moby Dick"]
            $.store.book[?(@.category==reference)].title => many ["Sayings"]
            $.store.book[?(@.category != 'fiction')].title => many ["Sayings"]
            $.store.book[?('Rees' == @.author)].title => many ["Sayings"]
            $.store.book[?(@.author =~ /w.*/i)].title => many ["Sword"]
            $.store.book[?(@.author =~ /w/i)].title => many []
            $.store.book[?(@.author in ['Rees', 'Waugh'])].title => many ["Sayings","Sword"]
            $.store.book[?(@.author nin ['Rees', 'Waugh'])].title => many ["Moby Dick","The Lord"]
            $.store.book[?(@.tags contains 'elf')].title => many ["The Lord"]
            $.store.book[?(@.title contains 'Dick')].title => many ["Moby Dick"]
            $.store.book[?(@.tags size 2)].title => many ["The Lord"]
            $.store.book[?(@.tags empty false)].title => many ["The Lord"]
            $.store.book[?(@.tags anyof ['elf'])].title => many ["The Lord"]
            $.store.book[?(@.tags noneof ['elf'])].title => many []
            $.store.book[?(@.tags subsetof ['elf', 'ring', 'x'])].title => many ["The Lord"]
            $.store.book[?(@.tags == ['ring', 'elf'])].title => many ["The Lord"]
            $.store.book[?(@.tags[1] == "elf")].title => many ["The Lord"]
            $.store.book[?(@.title.length() > 7)].title => many ["Moby Dick","The Lord"]
            $.store.book[?(@.price == 8.0)].title => many ["Moby Dick"]
            $.ids[?(@.id == 7)] => many [{"id":"7"},{"id":7}]
            $.ids[?(@.id == '7')] => many [{"id":"7"},{"id":7}]
            $.ids[?(@.no == null)] => many []
            $.ids[?(@.no != 1)].id => many ["7",7,"8"]
            $.ids[?(@.id < 8)] => many [{"id":7}]
            $.numbers[?(@ > 2)] => many []
            $.store.bicycle[?(@.color == 'red')].price => many [19.95]
            $..[?(@.price > 15)].price => many [22.99,19.95]
            $.store.book[?(@.price < 10)][?(@.isbn)].title => many ["Moby Dick"]
        "#]],
    );
}

#[test]
fn a_number_of_visits_is_the_limit() {
    let wide = json!([vec![json!({}); 2500], vec![json!({ "a": 1 }); 2500]]);
    let path = Path::parse("$[1][?($[0][?(@.x)] && $..[?(@.a == 2)])]").unwrap();
    let missing = path.select(&wide).expect_err("quadratic");
    assert!(missing.too_many);
    assert_eq!(missing.to_string(), "Too many values visited for path: $[1][?]");
}

#[test]
fn deep_values_do_not_overflow() {
    let mut value = json!(1);
    for _ in 0..120 {
        value = json!({ "a": [value] });
    }
    let answer = answer(&value, "$..a.length()");
    assert_eq!(answer, "computed 120");
}
