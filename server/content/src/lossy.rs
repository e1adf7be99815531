//! What a document should be when somebody gives it in a form that does not say everything.
//!
//! A block that reads the same in that form as before stays as it is, with all that the form has no
//! words for.

use crate::{
    Element, Form, Node, ParseError, adopt::Names, align::align, block_note, draft::hash,
    normal::normal,
};

/// The nodes that a text of this form asks for, where these are there.
pub fn wanted(form: Form, present: &[Node], input: &str) -> Result<Vec<Node>, ParseError> {
    let mut parsed = form.parse(input)?;
    if form.is_exact() {
        crate::adopt::adopt_hashes(present, &mut parsed);
        return Ok(parsed);
    }
    let names = Names::of(present);
    let parsed = names.adopt(parsed);
    if let Some(group) = block_note::of_group(present) {
        let seen = seen(form, &names, &group.children);
        let seen: Vec<Vec<Node>> = seen.into_iter().map(one_by_one).collect();
        let kept = keep(&group.children, &seen, one_by_one(parsed));
        let group = Element {
            children: block_note::containers(kept),
            ..group.clone()
        };
        return Ok(vec![group.into()]);
    }
    let seen = seen(form, &names, present);
    Ok(keep(present, &seen, parsed))
}

/// What each block reads as.
fn seen(form: Form, names: &Names, present: &[Node]) -> Vec<Vec<Node>> {
    present
        .iter()
        .map(|node| {
            let text = form.render(std::slice::from_ref(node));
            // What does not read again is something else than what is wanted.
            form.parse(&text)
                .map(|nodes| names.adopt(nodes))
                .unwrap_or_default()
        })
        .collect()
}

/// Lists as lists of one item each: BlockNote has no lists, only items.
fn one_by_one(nodes: Vec<Node>) -> Vec<Node> {
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Element(list)
                if matches!(
                    list.name.as_str(),
                    "bulletList" | "orderedList" | "taskList"
                ) =>
            {
                for (at, item) in list.children.into_iter().enumerate() {
                    let mut single = Element::new(list.name.as_str(), vec![item]);
                    single.attributes = list.attributes.clone();
                    if at > 0 && single.attributes.contains_key("start") {
                        single = single.with("start", 1);
                    }
                    out.push(single.into());
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// New nodes in the names of a document.
pub fn in_names_of(present: &[Node], nodes: Vec<Node>) -> Vec<Node> {
    Names::of(present).adopt(nodes)
}

fn keep(present: &[Node], seen: &[Vec<Node>], wanted: Vec<Node>) -> Vec<Node> {
    let hashes = |nodes: &[Node]| -> Vec<u64> { normal(nodes).iter().map(hash).collect() };
    // Text in pieces has as many nodes before as after only if it is looked at one by one.
    let each = |nodes: &[Node]| -> Vec<u64> {
        let one = |node: &Node| hashes(std::slice::from_ref(node)).first().copied();
        nodes
            .iter()
            .map(|node| one(node).unwrap_or_default())
            .collect()
    };
    let flat: Vec<u64> = seen.iter().flat_map(|nodes| each(nodes)).collect();
    let asked = each(&wanted);
    let mut of_seen: Vec<Option<usize>> = vec![None; flat.len()];
    for pair in align(&flat, &asked, &|_, _| 0) {
        if let (Some(i), Some(j)) = pair {
            of_seen[i] = Some(j);
        }
    }
    // Which block takes the place of how many wanted nodes, from where on.
    let mut kept: Vec<(usize, usize, usize)> = Vec::new();
    let mut unseen: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut behind) = (0, 0);
    for (block, nodes) in seen.iter().enumerate() {
        let places = &of_seen[at..at + nodes.len()];
        at += nodes.len();
        match places.first() {
            None => unseen.push((behind, block)),
            Some(Some(first)) if follow(places, *first) => {
                kept.push((*first, nodes.len(), block));
                behind = first + nodes.len();
            }
            // What it became is wanted somewhere before the next that stays.
            Some(_) => {
                let next = of_seen
                    .get(at..)
                    .unwrap_or_default()
                    .iter()
                    .flatten()
                    .next();
                let next = next.copied().unwrap_or(asked.len());
                behind = (behind + nodes.len()).min(next).max(behind);
            }
        }
    }
    merge(present, wanted, &kept, &unseen)
}

fn follow(places: &[Option<usize>], first: usize) -> bool {
    let mut expected = (first..).zip(places);
    expected.all(|(expected, place)| *place == Some(expected))
}

fn merge(
    present: &[Node],
    wanted: Vec<Node>,
    kept: &[(usize, usize, usize)],
    unseen: &[(usize, usize)],
) -> Vec<Node> {
    let mut out = Vec::with_capacity(wanted.len());
    let (mut kept, mut unseen) = (kept.iter().peekable(), unseen.iter().peekable());
    let mut skip = 0;
    let count = wanted.len();
    for (at, node) in wanted.into_iter().map(Some).chain([None]).enumerate() {
        if skip == 0 {
            while let Some((_, block)) = unseen.next_if(|(before, _)| *before <= at) {
                out.extend(present.get(*block).cloned());
            }
        }
        if at == count {
            break;
        }
        if skip > 0 {
            skip -= 1;
        } else if let Some((_, length, block)) = kept.next_if(|(first, ..)| *first == at) {
            out.extend(present.get(*block).cloned());
            skip = length - 1;
        } else {
            out.extend(node);
        }
    }
    out
}
