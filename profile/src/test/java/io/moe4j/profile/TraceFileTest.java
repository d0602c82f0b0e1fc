package io.moe4j.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TraceFileTest {
    private static final RankSpans RANK = new RankSpans(3, "H200 \"0\"",
            List.of(new RecordedSpan("gate", "layers.1", 12, 1_500, 4_000, 2_000, 9_250),
                    new RecordedSpan("data", "", 12, 5_000, 6_000, -1, -1)));

    @TempDir
    private Path folder;

    @Test
    void aRankIsAProcessWithATrackForTheHostAndOneForTheDevice() throws IOException {
        Path file = folder.resolve("a/profile.json");
        TraceFile.write(file, List.of(RANK));
        JsonNode trace = JsonMapper.shared().readTree(Files.readString(file));
        assertEquals(Set.of("traceEvents"), Set.copyOf(trace.propertyNames()), "Perfetto notes other keys as ignored");
        assertEquals(List.of(
                "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":3,\"tid\":1,\"args\":{\"name\":\"rank 3\"}}",
                "{\"name\":\"process_sort_index\",\"ph\":\"M\",\"pid\":3,\"tid\":1,\"args\":{\"sort_index\":3}}",
                "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":3,\"tid\":1,\"args\":{\"name\":\"host: enqueues\"}}",
                "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":3,\"tid\":2,\"args\":{\"name\":\"device: H200 \\\"0\\\"\"}}",
                "{\"name\":\"gate\",\"cat\":\"host\",\"ph\":\"X\",\"ts\":1.5,\"dur\":2.5,\"pid\":3,\"tid\":1,"
                        + "\"args\":{\"step\":12,\"detail\":\"layers.1\"}}",
                "{\"name\":\"gate\",\"cat\":\"device\",\"ph\":\"X\",\"ts\":2.0,\"dur\":7.25,\"pid\":3,\"tid\":2,"
                        + "\"args\":{\"step\":12,\"detail\":\"layers.1\"}}",
                "{\"name\":\"data\",\"cat\":\"host\",\"ph\":\"X\",\"ts\":5.0,\"dur\":1.0,\"pid\":3,\"tid\":1,"
                        + "\"args\":{\"step\":12}}"),
                trace.get("traceEvents").valueStream().map(JsonNode::toString).toList());
    }

    /** /dev/full is a disk without room. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void onAFullDiskTheReasonIsThatOfTheDisk() throws IOException {
        Path file = Files.writeString(folder.resolve("profile.json"), "earlier");
        Files.createSymbolicLink(folder.resolve("profile.json.part"), Path.of("/dev/full"));
        UncheckedIOException full = assertThrows(UncheckedIOException.class,
                () -> TraceFile.write(file, List.of(RANK)));
        assertEquals(file + " cannot be written", full.getMessage());
        assertEquals("No space left on device", full.getCause().getMessage());
        assertEquals("earlier", Files.readString(file));
    }

    @Test
    void whatARankSendsComesBackAsItWas() {
        assertEquals(RANK, RankSpans.decode(RANK.encode()));
    }
}
