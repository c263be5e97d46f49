//! The gear that people have before anybody writes.

use serde_json::{Value, json};

use super::{PARTS, Rack, Wear, Worn, blank};
use crate::{
    activity::{BIKE, SHOES, TOURER, TRAINERS},
    people::{Build, FIRST_DAY, Person},
    schema::{GEAR_REMINDER, fill, is_in, made},
};

/// Distance after which a chain should be new, m.
const CHAIN: f64 = 4_000_000.0;

/// Builds the seeded rack.
struct Seeding<'a> {
    person: &'static Person,
    /// What the activities add up to when nobody has written anything.
    worn: &'a Worn,
    rack: Rack,
}

impl Seeding<'_> {
    /// Adds a piece. With `counts`, `metres` are what it has been used for in all, as its activities say it.
    fn piece(&mut self, (id, name, metres): (&str, &str, f64), kind: &str, counts: bool, more: Value) {
        let mut piece = blank(self.person, id);
        fill(
            &mut piece.row,
            json!({
                "type": kind, "name": name, "component": is_in(PARTS, kind),
                "purchased": (kind == "Bike").then_some(FIRST_DAY),
            }),
        );
        fill(&mut piece.row, more);
        let worn = self.worn.get(id).copied().unwrap_or_default();
        piece.base.metres = metres - if counts { worn.metres } else { 0.0 };
        self.rack.0.push(piece);
    }

    /// Adds a part that has been used for `total` so far, of pieces that already hold its id.
    fn part(&mut self, id: &str, name: &str, kind: &str, total: Wear, more: Value) {
        self.piece((id, name, 0.0), kind, false, more);
        self.rack.set_total(id, total, self.worn);
    }

    /// Adds a reminder to the last piece; it counts from nothing.
    fn reminder(&mut self, id: i64, values: Value) {
        if let Some(piece) = self.rack.0.last_mut() {
            let mut reminder = made(
                GEAR_REMINDER,
                json!({
                    "id": id, "gear_id": piece.id(), "last_reset": "2026-01-10T00:00:00.000+00:00",
                    "starting_distance": 0.0, "starting_time": 0.0, "starting_activities": 0,
                }),
            );
            fill(&mut reminder, values);
            piece.reminders.push(reminder);
        }
    }
}

/// What a person rides and runs in, in use or not: two pairs of shoes of one name, and one worn out; parts, one of them in
/// two bikes, with what is due, what is not and what is put off.
pub(super) fn rack(person: &'static Person, worn: &Worn) -> Rack {
    let rack = Rack::default();
    let mut seeding = Seeding { person, worn, rack };
    let shoes = "Shoes";
    match person.build {
        Build::Cyclist => {
            let chain = format!("{}c", BIKE.0);
            seeding.piece(BIKE, "Bike", true, json!({"component_ids": [chain]}));
            let used = worn.get(BIKE.0).copied().unwrap_or_default();
            let used = Wear {
                metres: used.metres % CHAIN,
                ..used
            };
            seeding.part(&chain, "Chain 12s", "Chain", used, json!({"component_ids": null}));
            seeding.reminder(
                500 + i64::from(person.number),
                json!({"name": "Replace chain", "distance": CHAIN}),
            );
            let gravel = ("b9000102", "Cube Nuroad", 2_345_678.0);
            seeding.piece(gravel, "Bike", false, Value::Null);
        }
        Build::Runner => {
            seeding.piece(SHOES, shoes, true, Value::Null);
            seeding.piece(
                ("g9000202", "Asics Novablast", 88_012.0),
                shoes,
                false,
                Value::Null,
            );
            seeding.piece(
                ("g9000203", "Brooks Ghost 14", 902_345.0),
                shoes,
                false,
                json!({"retired": "2025-08-30"}),
            );
            seeding.piece(
                ("g9000204", "Saucony Kinvara", 51_200.0),
                shoes,
                false,
                Value::Null,
            );
        }
        Build::Duathlete => duathletes(&mut seeding),
        Build::Triathlete | Build::StravaOnly | Build::Newcomer => {}
    }
    seeding.rack
}

fn duathletes(seeding: &mut Seeding<'_>) {
    let used = |km: f64, hours: f64, activities| Wear {
        activities,
        secs: hours * 3600.0,
        elapsed: hours * 3750.0,
        metres: km * 1000.0,
    };
    let no_parts = |more: Value| {
        let mut all = json!({"component_ids": null});
        if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
            all.extend(more);
        }
        all
    };
    seeding.piece(
        TOURER,
        "Bike",
        true,
        json!({
            "component_ids": ["b9000601c", "b9000601k", "b9000600w"],
            "notes": "Saddle 71.5 cm. Serviced every spring at <b>Radhaus</b>.",
        }),
    );
    let chain = json!({"purchased": "2026-02-14", "notes": "Waxed, not oiled"});
    seeding.part(
        "b9000601c",
        "Chain CN-M8100",
        "Chain",
        used(4312.4, 158.0, 96),
        no_parts(chain),
    );
    seeding.reminder(621, json!({"name": "Replace chain", "distance": CHAIN}));
    seeding.reminder(
        622,
        json!({"name": "Wax", "distance": 300_000.0, "starting_distance": 4_190_000.0}),
    );
    seeding.part(
        "b9000601k",
        "Cassette 11-34",
        "Cassette",
        used(7431.0, 270.0, 171),
        no_parts(Value::Null),
    );
    seeding.reminder(623, json!({"name": "Replace cassette", "distance": 12_000_000.0}));
    seeding.piece(
        ("b9000602", "Ridley Kanzo", 3_280_400.0),
        "Bike",
        false,
        json!({"component_ids": ["b9000600w"], "purchased": "2025-03-01", "use_elapsed_time": true}),
    );
    seeding.part(
        "b9000600w",
        "Wheels, both bikes",
        "Wheelset",
        used(9120.0, 330.0, 204),
        no_parts(Value::Null),
    );
    seeding.reminder(
        624,
        json!({"name": "Check spokes", "days": 180, "snoozed_until": "2026-12-24T00:00:00.000+00:00"}),
    );
    seeding.part(
        "b9000601o",
        "Chain CN-M7100",
        "Chain",
        used(3980.2, 149.0, 90),
        no_parts(json!({"retired": "2026-02-14", "purchased": "2025-01-20"})),
    );
    seeding.piece(TRAINERS, "Shoes", true, Value::Null);
    seeding.reminder(
        625,
        json!({"name": "New pair", "distance": 700_000.0, "activities": 90}),
    );
    // For two sports: upstream gives an activity of either kind these.
    seeding.piece(
        ("g9000602", "Hoka Speedgoat", 141_900.0),
        "Shoes",
        false,
        json!({
            "activity_filters": [
                {"id": 1, "field_id": "type", "code": null, "operator": "IN", "value": ["Run", "Hike"], "not": false},
            ],
        }),
    );
}
