//! Downloads: recordings and planned workouts, and how they go wrong.

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::*;
use crate::{Fault, HUGE, Mode};

struct Download {
    status: u16,
    kind: String,
    name: String,
    bytes: Vec<u8>,
}

impl Download {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    fn error(&self) -> String {
        let answer: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        text(&answer, "error").to_owned()
    }
}

impl Bench {
    async fn download(&self, slug: &str, path: &str) -> Download {
        let answer = self.as_person(slug, Method::GET, path).send().await.unwrap();
        let header = |name: header::HeaderName| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        Download {
            status: answer.status().as_u16(),
            kind: header(header::CONTENT_TYPE),
            name: header(header::CONTENT_DISPOSITION),
            bytes: answer.bytes().await.unwrap().into(),
        }
    }

    /// The path of a ride of Ana's with all that a device can record.
    async fn outdoors(&self) -> (Value, String) {
        let ride = self
            .activity("ana", |row| {
                row["type"] == "Ride"
                    && row["device_watts"] == true
                    && row["has_heartrate"] == true
                    && row["source"] == "GARMIN_CONNECT"
            })
            .await;
        let path = format!("/activity/{}", text(&ride, "id"));
        (ride, path)
    }
}

/// The content of gzip in stored blocks.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[..3], [0x1f, 0x8b, 8]);
    let (mut at, mut content) = (10, Vec::new());
    loop {
        let length = usize::from(u16::from_le_bytes([bytes[at + 1], bytes[at + 2]]));
        content.extend(&bytes[at + 5..at + 5 + length]);
        let is_last = bytes[at] == 1;
        at += 5 + length;
        if is_last {
            break;
        }
    }
    assert_eq!(bytes.len(), at + 8, "the sum and the length come last");
    content
}

/// The data of a FIT file that says how long it is.
fn fit(bytes: &[u8]) -> &[u8] {
    assert_eq!((bytes[0], &bytes[8..12]), (14, &b".FIT"[..]));
    let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    let length = usize::try_from(length).unwrap();
    assert_eq!(bytes.len(), 14 + length + 2);
    &bytes[14..14 + length]
}

#[tokio::test]
async fn a_recording_comes_as_its_device_wrote_it_and_as_fit() {
    let bench = Bench::new().await;
    let (ride, path) = bench.outdoors().await;
    let original = bench.download("ana", &format!("{path}/file")).await;
    assert_eq!(
        (original.status, original.kind.as_str()),
        (200, "application/octet-stream")
    );
    assert!(
        original.name.contains("Ana_Berger") && original.name.contains(text(&ride, "id")),
        "{}",
        original.name
    );
    let inside = unpacked(&original.bytes);
    let made = bench.download("ana", &format!("{path}/fit-file")).await;
    assert_eq!(made.bytes, inside, "nothing is left out by default");
    let again = bench.download("ana", &format!("{path}/fit-file")).await;
    assert_eq!(made.bytes, again.bytes, "the same each time");
    assert!(
        (2_000..200_000).contains(&made.bytes.len()),
        "{}",
        made.bytes.len()
    );
    let data = fit(&inside);
    assert_eq!(data[..6], [0x40, 0, 0, 0, 0, 5], "it says first what it is");
    let plain = bench
        .download("ana", &format!("{path}/fit-file?power=false&hr=false"))
        .await;
    assert_eq!(plain.bytes.len(), made.bytes.len());
    let different = |at: &usize| plain.bytes[*at] != made.bytes[*at];
    let hidden: Vec<usize> = (14..made.bytes.len() - 2).filter(different).collect();
    assert!(hidden.len() > 100 && hidden.iter().all(|at| plain.bytes[*at] == 0xff));
}

#[tokio::test]
async fn a_track_comes_as_gpx_with_what_is_wanted_of_it() {
    let bench = Bench::new().await;
    let (ride, path) = bench.outdoors().await;
    let whole = bench.download("ana", &format!("{path}/gpx-file")).await;
    assert_eq!((whole.status, whole.kind.as_str()), (200, "application/gpx+xml"));
    let text_of = whole.text();
    let count = |part: &str| text_of.matches(part).count();
    let points = count("<trkpt lat=\"4");
    assert!(points > 100 && count("<power>") == points && count("<gpxtpx:hr>") == points);
    let start = format!("<time>{}</time>", text(&ride, "start_date"));
    assert!(text_of.contains(&start), "{start}");
    assert!(
        text_of.starts_with("<?xml") && text_of.contains("lat=\"47.99"),
        "where she lives"
    );
    let plain = bench
        .download("ana", &format!("{path}/gpx-file?power=false&hr=false"))
        .await;
    assert_eq!(plain.text().matches("<trkpt").count(), points);
    assert!(!plain.text().contains("<power>") && !plain.text().contains("<gpxtpx:hr>"));
    let no_heart = bench.download("ana", &format!("{path}/gpx-file?hr=false")).await;
    assert!(no_heart.text().contains("<power>") && !no_heart.text().contains("<gpxtpx:hr>"));
    bench
        .send(Method::PUT, &path, json!({"name": "<b>&\u{202e}"}))
        .await;
    let renamed = bench.download("ana", &format!("{path}/gpx-file")).await;
    assert!(renamed.text().contains("<name>&lt;b&gt;&amp;\u{202e}</name>"));
}

#[tokio::test]
async fn what_has_no_file_says_so() {
    let bench = Bench::new().await;
    let typed = bench.activity("ana", |row| row["source"] == "MANUAL").await;
    let pool = bench
        .activity("tria", |row| {
            row["type"] == "Swim" && row["pool_length"].is_number()
        })
        .await;
    let strava = bench.activity("bishnu", |row| row["source"] == "STRAVA").await;
    let closed = "Cannot read Strava activities via the API";
    for (slug, row, part, status, error) in [
        ("ana", &typed, "file", 404, "Not found"),
        ("ana", &typed, "fit-file", 422, "Activity has no streams"),
        ("ana", &typed, "gpx-file", 422, "Activity has no GPS data"),
        ("tria", &pool, "gpx-file", 422, "Activity has no GPS data"),
        ("bishnu", &strava, "file", 422, closed),
        ("bishnu", &strava, "fit-file", 422, closed),
        ("bishnu", &strava, "gpx-file", 422, closed),
        ("jack", &typed, "file", 403, "Access denied"),
    ] {
        let path = format!("/activity/{}/{part}", text(row, "id"));
        let answer = bench.download(slug, &path).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, error),
            "{path}"
        );
    }
    let path = format!("/activity/{}/fit-file", text(&pool, "id"));
    assert_eq!(bench.download("tria", &path).await.status, 200);
    assert_eq!(bench.download("ana", "/activity/i1/file").await.status, 404);
}

#[tokio::test]
async fn a_planned_workout_comes_for_each_kind_of_device() {
    let bench = Bench::new().await;
    let steps = "- 10m ramp 50-75% 90rpm\n\n2x\n- 8m 100%\n- 4m 55%\n\n- 5m freeride";
    let ride = bench
        .put_on("ana", workout("Ride", "Over & <under>, a name too long", steps))
        .await;
    let path =
        |event: &Value, extension: &str| format!("/athlete/0/events/{}/download.{extension}", event["id"]);
    let zwo = bench.download("ana", &path(&ride, "zwo")).await;
    assert_eq!(zwo.status, 200, "{}", zwo.text());
    for line in [
        "<name>Over &amp; &lt;under&gt;, a name too long</name>",
        "<sportType>bike</sportType>",
        "<Ramp Duration=\"600\" PowerLow=\"0.500\" PowerHigh=\"0.750\" Cadence=\"90\"/>",
        "<SteadyState Duration=\"480\" Power=\"1.000\"/>\n<SteadyState Duration=\"240\" Power=\"0.550\"/>",
        "<FreeRide Duration=\"300\"/>",
    ] {
        assert!(zwo.text().contains(line), "{line} in {}", zwo.text());
    }
    let mrc = bench.download("ana", &path(&ride, "mrc")).await;
    assert!(
        mrc.text()
            .contains("MINUTES PERCENT\r\n[END COURSE HEADER]\r\n[COURSE DATA]\r\n0.00\t50\r\n10.00\t75\r\n"),
        "{}",
        mrc.text()
    );
    let erg = bench.download("ana", &path(&ride, "erg")).await;
    let ftp = bench.get("/athlete/0/sport-settings/Ride").await["ftp"].clone();
    assert!(
        erg.text().contains(&format!("10.00\t{ftp}\r\n18.00\t{ftp}\r\n")),
        "{}",
        erg.text()
    );
    let file = bench.download("ana", &path(&ride, "fit")).await;
    let data = fit(&file.bytes);
    assert!(data.windows(15).any(|part| part == b"Over & <under>,"));
    assert!(file.name.ends_with(".fit\""), "{}", file.name);
    let run = bench
        .put_on("jack", workout("Run", "Tempo", "- 20m 90% Pace"))
        .await;
    let zwo = bench.download("jack", &path(&run, "zwo")).await;
    assert!(zwo.text().contains("<sportType>run</sportType>"));
    assert_eq!(
        bench.download("jack", &path(&run, "erg")).await.error(),
        "Athlete has no FTP"
    );
    let by_heart = bench.put_on("ana", workout("Ride", "Easy", "- 1h Z2 HR")).await;
    assert_eq!(bench.download("ana", &path(&by_heart, "zwo")).await.status, 422);
    assert_eq!(bench.download("ana", &path(&by_heart, "fit")).await.status, 200);
    let note = json!({"category": "NOTE", "name": "Rest", "start_date_local": "2026-11-25T00:00:00"});
    let note = bench.put_on("ana", note).await;
    assert_eq!(
        bench.download("ana", &path(&note, "zwo")).await.error(),
        "Event has no workout"
    );
    let prose = bench.put_on("ana", workout("Ride", "Free", "As you like")).await;
    assert_eq!(bench.download("ana", &path(&prose, "fit")).await.status, 422);
    for (path, status) in [
        (path(&ride, "tcx"), 404),
        (format!("/athlete/0/events/{}/download", ride["id"]), 404),
        ("/athlete/0/events/1/download.zwo".to_owned(), 404),
        ("/athlete/0/events/one/download.zwo".to_owned(), 500),
    ] {
        assert_eq!(bench.status_as("ana", &path).await, status, "{path}");
    }
    assert_eq!(
        bench.status_as("jack", &path(&ride, "zwo")).await,
        404,
        "another's"
    );
    assert!(bench.sim.allow("ana", "ACTIVITY:READ"));
    assert_eq!(bench.status_as("ana", &path(&ride, "zwo")).await, 403);
}

#[tokio::test]
async fn a_file_is_enormous_cut_off_slow_or_gone_on_request() {
    let bench = Bench::new().await;
    let (_, path) = bench.outdoors().await;
    let path = format!("{path}/file");
    let true_one = bench.download("ana", &path).await;
    let get = async || bench.as_ana(Method::GET, &path).send().await.unwrap();
    let fault = || Fault::on("/file").times(1);
    bench.sim.fault(
        fault()
            .mode(Mode::Huge)
            .header("content-type", "application/octet-stream"),
    );
    let mut huge = get().await;
    assert_eq!(huge.headers()[header::CONTENT_TYPE], "application/octet-stream");
    let mut read = 0;
    while let Some(chunk) = huge.chunk().await.unwrap() {
        read += u64::try_from(chunk.len()).unwrap();
    }
    assert_eq!(read, HUGE);
    bench.sim.fault(fault().mode(Mode::Cut));
    let mut cut = get().await;
    assert_eq!(
        cut.headers()[header::CONTENT_LENGTH],
        true_one.bytes.len().to_string().as_str()
    );
    let mut begun = Vec::new();
    let ended = loop {
        match cut.chunk().await {
            Ok(Some(chunk)) => begun.extend(chunk),
            other => break other,
        }
    };
    assert!(ended.is_err(), "all of it came");
    assert_eq!(begun, true_one.bytes[..true_one.bytes.len() / 2]);
    bench.sim.fault(fault().delay_ms(120));
    let before = std::time::Instant::now();
    assert_eq!(get().await.bytes().await.unwrap(), true_one.bytes);
    assert!(before.elapsed() >= std::time::Duration::from_millis(120));
    bench.sim.fault(fault().mode(Mode::Drip));
    let first = get().await.chunk().await.unwrap().unwrap();
    assert_eq!(first.len(), 1);
    bench.sim.fault(fault().status(404));
    assert_eq!(get().await.status().as_u16(), 404);
}
