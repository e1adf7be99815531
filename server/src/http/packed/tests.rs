//! What is packed, what is not, and what is kept of it.

use super::*;

fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().cloned();
    pairs
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

#[test]
fn pages_and_json_are_packed_and_nothing_secret_and_no_file_is() {
    for (said, expected) in [
        (
            vec![(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            true,
        ),
        (vec![(header::CONTENT_TYPE, "application/json")], true),
        (vec![(header::CONTENT_TYPE, "text/event-stream")], false),
        (
            vec![(header::CONTENT_TYPE, "application/octet-stream")],
            false,
        ),
        (vec![], false),
        (
            vec![
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "private, no-store"),
            ],
            false,
        ),
        (
            vec![
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-transform"),
            ],
            false,
        ),
        (
            vec![
                (header::CONTENT_TYPE, "text/html"),
                (header::CONTENT_DISPOSITION, "attachment"),
            ],
            false,
        ),
        (
            vec![
                (header::CONTENT_TYPE, "text/html"),
                (header::CONTENT_ENCODING, "br"),
            ],
            false,
        ),
    ] {
        assert_eq!(is_packable(&headers(&said)), expected, "{said:?}");
    }
}

#[test]
fn what_another_site_makes_a_signed_in_browser_ask_is_not_packed() {
    let cookie = (header::COOKIE, "session=x");
    for (said, expected) in [
        (vec![], false),
        (vec![(WHO_ASKED, "cross-site")], false),
        (vec![cookie.clone()], true),
        (vec![cookie.clone(), (WHO_ASKED, "cross-site")], true),
        (vec![cookie.clone(), (WHO_ASKED, "same-site")], true),
        (vec![cookie.clone(), (WHO_ASKED, "same-origin")], false),
        (vec![cookie, (WHO_ASKED, "none")], false),
    ] {
        assert_eq!(is_led_on(&headers(&said)), expected, "{said:?}");
    }
}

#[test]
fn whoever_has_the_packed_answer_hears_its_tag() {
    for (known, expected) in [
        ("W/\"a\"", "W/\"a\""),
        ("\"b\", W/\"a\"", "W/\"a\""),
        ("\"a\"", "\"a\""),
    ] {
        let mut answer = headers(&[(header::ETAG, "\"a\"")]);
        keep_weak(&mut answer, Some(&HeaderValue::from_static(known)));
        assert_eq!(answer[header::ETAG], expected, "{known}");
    }
}

#[test]
fn what_is_kept_is_bounded_and_the_oldest_goes() {
    let packed = Packed::default();
    let page = Bytes::from(vec![0; KEPT_BYTES_MAX / 4]);
    for number in 0..6 {
        packed.keep([number; 32], page.clone());
        packed.keep([number; 32], page.clone());
    }
    let kept = |number| packed.get(&[number; 32]).is_some();
    assert_eq!(
        [0, 1, 2, 3, 4, 5].map(kept),
        [false, false, true, true, true, true]
    );
    let inner = packed.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(inner.bytes, KEPT_BYTES_MAX);
    assert_eq!(inner.order.len(), 4);
}
