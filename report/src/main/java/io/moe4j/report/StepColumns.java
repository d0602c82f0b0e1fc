package io.moe4j.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The values of {@code metrics.jsonl} by key, and the curves that are made of them. */
final class StepColumns {
    /** Keys of the file that become curves. */
    private static final List<String> CURVES = List.of("loss", "grad_norm", "lr", "tokens_per_second", "mfu",
            "seconds", "data_seconds", "received_rows_max", "receive_capacity_rows", "dropped_rows",
            "balance_loss", "router_z_loss", "mtp_loss_1", "mtp_loss_2", "mtp_loss_3", "mtp_loss_4");
    /** Curves that are left out if they are zero everywhere, because then they do not apply to the run. */
    private static final List<String> MAY_BE_ZERO = List.of("mfu", "data_seconds", "dropped_rows", "received_rows_max",
            "receive_capacity_rows");
    private static final double SECONDS_OF_AN_HOUR = 3600;

    private final Map<String, Column> columns = new LinkedHashMap<>();
    private final Column steps = new Column();
    private final Column hours = new Column();
    private final Column validationSteps = new Column();
    private final Column validationLosses = new Column();
    private final Column validationPerplexities = new Column();
    private double secondsTogether;
    private long bad;

    private StepColumns() {
        CURVES.forEach(key -> columns.put(key, new Column()));
        columns.put("tokens", new Column());
    }

    static StepColumns read(Path file) throws IOException {
        StepColumns all = new StepColumns();
        all.bad = Lines.read(file, all::add).bad();
        return all;
    }

    private void add(JsonNode line) {
        if (line.has("validation_loss")) {
            validationSteps.add(line.get("step").asDouble());
            validationLosses.add(number(line, "validation_loss"));
            validationPerplexities.add(number(line, "validation_perplexity"));
            return;
        }
        steps.add(line.get("step").asDouble());
        columns.forEach((key, column) -> column.add(number(line, key)));
        double seconds = number(line, "seconds");
        secondsTogether += Double.isFinite(seconds) ? seconds : 0;
        hours.add(Double.isFinite(seconds) ? secondsTogether / SECONDS_OF_AN_HOUR : Double.NaN);
    }

    private static double number(JsonNode line, String key) {
        JsonNode value = line.get(key);
        return value != null && value.isNumber() ? value.asDouble() : Double.NaN;
    }

    int size() {
        return steps.size();
    }

    long bad() {
        return bad;
    }

    /** A note about steps that are missing in the file; empty if none are. */
    Optional<String> missing() {
        return MissingSteps.note(steps);
    }

    Map<String, Object> json(int points) {
        Buckets buckets = Buckets.of(steps.size(), points);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("steps", steps.size());
        json.put("piece", buckets.size());
        json.put("x", axes(buckets));
        Map<String, Object> series = new LinkedHashMap<>();
        CURVES.forEach(key -> {
            Column column = columns.getOrDefault(key, steps);
            if (MAY_BE_ZERO.contains(key) ? column.hasOtherThanZero() : column.hasNumber()) {
                series.put(key, new Envelope(column, buckets).json());
            }
        });
        json.put("series", series);
        json.put("summary", summary());
        if (validationSteps.size() > 0) {
            json.put("validation", validation(points));
        }
        return json;
    }

    private Map<String, Object> axes(Buckets buckets) {
        Map<String, Object> axes = new LinkedHashMap<>();
        axes.put("step", new Envelope(steps, buckets).last());
        Column tokens = columns.getOrDefault("tokens", steps);
        if (tokens.hasNumber()) {
            axes.put("tokens", new Envelope(tokens, buckets).last());
        }
        if (hours.hasNumber()) {
            axes.put("hours", new Envelope(hours, buckets).last());
        }
        return axes;
    }

    /** The validation curve; a validation has the place, on each axis, of the step that it follows. */
    private Map<String, Object> validation(int points) {
        TreeMap<Double, Integer> places = new TreeMap<>();
        for (int i = 0; i < steps.size(); i++) {
            places.put(steps.at(i), i);
        }
        Column tokens = new Column();
        Column times = new Column();
        Column allTokens = columns.getOrDefault("tokens", steps);
        for (int i = 0; i < validationSteps.size(); i++) {
            Map.Entry<Double, Integer> place = places.floorEntry(validationSteps.at(i));
            tokens.add(place == null ? Double.NaN : allTokens.at(place.getValue()));
            times.add(place == null ? Double.NaN : hours.at(place.getValue()));
        }
        Buckets buckets = Buckets.of(validationSteps.size(), points);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("x", Map.of("step", new Envelope(validationSteps, buckets).last(), "tokens",
                new Envelope(tokens, buckets).last(), "hours", new Envelope(times, buckets).last()));
        json.put("loss", new Envelope(validationLosses, buckets).json());
        json.put("perplexity", new Envelope(validationPerplexities, buckets).json());
        return json;
    }

    private Map<String, @Nullable Object> summary() {
        Map<String, @Nullable Object> summary = new LinkedHashMap<>();
        Column loss = columns.getOrDefault("loss", steps);
        int lowest = -1;
        List<Integer> finite = new ArrayList<>();
        for (int i = 0; i < loss.size(); i++) {
            if (Double.isFinite(loss.at(i))) {
                finite.add(i);
                lowest = lowest < 0 || loss.at(i) < loss.at(lowest) ? i : lowest;
            }
        }
        if (lowest >= 0) {
            summary.put("first_loss", Numbers.shown(loss.at(finite.getFirst())));
            summary.put("last_loss", Numbers.shown(loss.at(finite.getLast())));
            summary.put("lowest_loss", Numbers.shown(loss.at(lowest)));
            summary.put("lowest_loss_step", Numbers.shown(steps.at(lowest)));
        }
        if (steps.size() > 0) {
            summary.put("last_step", Numbers.shown(steps.at(steps.size() - 1)));
            summary.put("tokens", Numbers.shown(columns.getOrDefault("tokens", steps).at(steps.size() - 1)));
            summary.put("hours", Numbers.shown(hours.at(steps.size() - 1)));
        }
        return summary;
    }
}
