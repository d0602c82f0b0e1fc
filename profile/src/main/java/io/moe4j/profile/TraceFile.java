package io.moe4j.profile;

import io.moe4j.api.host.WholeFile;
import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * A trace in the Trace Event Format (JSON), which Perfetto and Chromium open: a process for each rank, with one track for what its thread enqueued and
 * one for what its device did. Times are in microseconds.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TraceFile {
    private static final int HOST = 1;
    private static final int DEVICE = 2;
    private static final double NANOS_OF_A_MICROSECOND = 1e3;

    private TraceFile() {}

    /**
     * Writes the file; an earlier one is replaced.
     *
     * @throws UncheckedIOException if that fails, as on a full disk; an earlier file is unchanged
     */
    public static void write(Path file, List<RankSpans> ranks) {
        try {
            Files.createDirectories(file.toAbsolutePath().resolveSibling(""));
            WholeFile.write(file, to -> {
                try (JsonGenerator json = JsonMapper.shared().createGenerator(to)) {
                    json.writeStartObject();
                    json.writeArrayPropertyStart("traceEvents");
                    ranks.forEach(rank -> write(rank, json));
                    json.writeEndArray();
                    json.writeEndObject();
                }
            });
        } catch (JacksonException e) {
            // Jackson wraps the IOException of the disk.
            throw cannotBeWritten(file, e.getCause() instanceof IOException cause ? cause : new IOException(e));
        } catch (IOException e) {
            throw cannotBeWritten(file, e);
        }
    }

    private static UncheckedIOException cannotBeWritten(Path file, IOException e) {
        return new UncheckedIOException(file + " cannot be written", e);
    }

    private static void write(RankSpans rank, JsonGenerator json) {
        json.writePOJO(named("process_name", rank, HOST, Map.of("name", "rank " + rank.rank())));
        json.writePOJO(named("process_sort_index", rank, HOST, Map.of("sort_index", rank.rank())));
        json.writePOJO(named("thread_name", rank, HOST, Map.of("name", "host: enqueues")));
        json.writePOJO(named("thread_name", rank, DEVICE, Map.of("name", "device: " + rank.device())));
        for (RecordedSpan span : rank.spans()) {
            json.writePOJO(event(span, rank, HOST, span.hostBegin(), span.hostEnd()));
            if (span.isOnDevice()) {
                json.writePOJO(event(span, rank, DEVICE, span.deviceBegin(), span.deviceEnd()));
            }
        }
    }

    private static Map<String, Object> named(String what, RankSpans rank, int track, Map<String, Object> values) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("name", what);
        event.put("ph", "M");
        event.put("pid", rank.rank());
        event.put("tid", track);
        event.put("args", values);
        return event;
    }

    private static Map<String, Object> event(RecordedSpan span, RankSpans rank, int track, long begin, long end) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("step", span.step());
        if (!span.detail().isEmpty()) {
            values.put("detail", span.detail());
        }
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("name", span.name());
        event.put("cat", track == HOST ? "host" : "device");
        event.put("ph", "X");
        event.put("ts", begin / NANOS_OF_A_MICROSECOND);
        event.put("dur", (end - begin) / NANOS_OF_A_MICROSECOND);
        event.put("pid", rank.rank());
        event.put("tid", track);
        event.put("args", values);
        return event;
    }
}
