package io.moe4j.report;

import io.moe4j.api.Shown;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** All that the page shows, as JSON. */
final class ReportJson {

    private ReportJson() {}

    static String of(List<RecordedRun> runs, Instant now) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("made", now.truncatedTo(ChronoUnit.SECONDS).toString());
        json.put("runs", runs.stream().map(RecordedRun::json).toList());
        return Shown.json(JsonMapper.shared().writeValueAsString(json));
    }
}
