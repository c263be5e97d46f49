//! Where the live service is known to differ from its own document. An entry that nothing uses fails the test.

/// One known difference.
pub struct Exception {
    /// The violation's sentence, or its beginning followed by a star.
    pub what: &'static str,
    /// How it is known.
    pub why: &'static str,
}

pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        what: "Activity._note: unknown key",
        why: "the stub of a Strava activity explains itself so; the document has no stubs",
    },
    Exception {
        what: "Activity.icu_intervals: unknown key",
        why: "several activities have them with intervals=true, as that parameter says; their schema lacks them",
    },
    Exception {
        what: "Activity.icu_groups: unknown key",
        why: "several activities have them with intervals=true, as that parameter says; their schema lacks them",
    },
    Exception {
        what: "Event.paired_activity_id: unknown key",
        why: "the live service adds it to events; the document names it nowhere",
    },
    Exception {
        what: "SportSettings.eFTPSupported: unknown key",
        why: "so on the wire; the document's iseFTPSupported is a slip of its generator",
    },
    Exception {
        what: "Activity.Fuel: unknown key",
        why: "an athlete's own field stands beside upstream's under its own code",
    },
    Exception {
        what: "Activity.LactateMmol: unknown key",
        why: "an athlete's own field stands beside upstream's under its own code",
    },
    Exception {
        what: "Wellness.CaffeineMg: unknown key",
        why: "an athlete's own field stands beside upstream's under its own code",
    },
    Exception {
        what: "Wellness.SaunaMinutes: unknown key",
        why: "an athlete's own field stands beside upstream's under its own code",
    },
    Exception {
        what: "Wellness.SleptWhere: unknown key",
        why: "an athlete's own field stands beside upstream's under its own code",
    },
    Exception {
        what: "ActivityStream.data: not object",
        why: "a list of samples; the document's generator saw Java's Object",
    },
    Exception {
        what: "ActivityStream.valueType: unknown key",
        why: "the live service sends it beside valueTypeIsArray",
    },
    Exception {
        what: "Bucket.max: unknown key",
        why: "the histograms answer bare {min, max, secs}, not the Bucket that the document names",
    },
    Exception {
        what: "Bucket.min: unknown key",
        why: "the histograms answer bare {min, max, secs}, not the Bucket that the document names",
    },
    Exception {
        what: "DataCurve.compound_score_5m: unknown key",
        why: "lists of curves hold PowerCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.powerModels: unknown key",
        why: "lists of curves hold PowerCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.vo2max_5m: unknown key",
        why: "lists of curves hold PowerCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.watts_per_kg: unknown key",
        why: "lists of curves hold PowerCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.wkg_activity_id: unknown key",
        why: "lists of curves hold PowerCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.paceModels: unknown key",
        why: "lists of curves hold PaceCurve, of which the document names the parent only",
    },
    Exception {
        what: "DataCurve.type: unknown key",
        why: "lists of curves hold PaceCurve, of which the document names the parent only",
    },
    Exception {
        what: "POST /athlete/{id}/events/bulk: parameter up*",
        why: "upsertOnUid and updatePlanApplied are marked required and have defaults; live clients leave them out",
    },
    Exception {
        what: "GET /athlete/{id}/hr-curves{ext}: parameter f*",
        why: "f1 to f3 are marked required and have defaults; live clients leave them out",
    },
    Exception {
        what: "GET /athlete/{id}/pace-curves{ext}: parameter f*",
        why: "f1 to f3 are marked required and have defaults; live clients leave them out",
    },
    Exception {
        what: "GET /athlete/{id}/power-curves{ext}: parameter f*",
        why: "f1 to f3 are marked required and have defaults; live clients leave them out",
    },
    Exception {
        what: "GET /activity/{id}/file: an answer that is not described",
        why: "a file; the document describes no bodies that are not JSON",
    },
    Exception {
        what: "GET /activity/{id}/fit-file: an answer that is not described",
        why: "a file; the document describes no bodies that are not JSON",
    },
    Exception {
        what: "GET /activity/{id}/gpx-file: an answer that is not described",
        why: "a file; the document describes no bodies that are not JSON",
    },
    Exception {
        what: "GET /athlete/{id}/events/{eventId}/download{ext}: an answer that is not described",
        why: "a file; the document describes no bodies that are not JSON",
    },
    Exception {
        what: "ActivityFilter.value: not object",
        why: "a word, a number or a list; the document's generator saw Java's Object",
    },
    Exception {
        what: "CustomItem.type: not one of its words",
        why: "one item is of a kind newer than the document, so that our client meets one",
    },
];
