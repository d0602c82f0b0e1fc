package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The trace of some steps, read by the rules of the Trace Event Format, which Perfetto reads. */
class ProfileTest {
    private static final Set<String> NAMES = Set.of("gate", "plan", "dispatch", "experts", "combine", "recompute",
            "collectives", "optimizer", "data");
    private static final int RANKS = 4;

    @TempDir
    private Path folder;

    @Test
    void aTraceHasATrackOfEachRankAndTheStepIsTheSame() throws IOException {
        List<Double> losses;
        try (TrainingRun run = Tiny.open()) {
            losses = Tiny.losses(run);
        }
        List<Path> traces = new ArrayList<>();
        Path flight = folder.resolve("flight.jfr");
        try (Recording recording = new Recording(); TrainingRun run = open("profile.steps=3-4")) {
            recording.enable("moe4j.Span");
            recording.start();
            List<StepResult> steps = new ArrayList<>();
            while (run.hasNext()) {
                steps.add(run.step(collecting(traces)));
            }
            recording.dump(flight);
            assertEquals(losses, steps.stream().map(StepResult::loss).toList());
            assertEquals(List.of(true, true, false, false, true, true),
                    steps.stream().map(StepResult::captured).toList(), "a step that is profiled is not replayed");
            assertTrue(steps.stream().allMatch(step -> step.hostSyncs() == 0));
        }
        assertEquals(List.of(folder.resolve("profile-3-4.json")), traces);
        checkTrace(traces.getFirst());
        checkFlight(flight);
    }

    /** A run that is stopped within its profile has a trace of the steps that it made. Its first step, which is captured, is profiled too. */
    @Test
    void aRunThatEndsEarlyHasItsTrace() throws IOException {
        List<Path> traces = new ArrayList<>();
        try (TrainingRun run = open("profile.steps=1-6", "ranks=1", "parallelism.data_parallel_shard_degree=1",
                "parallelism.expert_parallel_degree=1")) {
            run.step(collecting(traces));
            run.step(collecting(traces));
            run.requestStop();
            run.step(collecting(traces));
            assertFalse(run.hasNext());
        }
        assertEquals(List.of(folder.resolve("profile-1-6.json")), traces);
        String trace = Files.readString(traces.getFirst());
        assertTrue(trace.contains("\"name\":\"capture\"") && trace.contains("\"step\":3"), trace);
        assertFalse(trace.contains("\"step\":4"), trace);
    }

    private TrainingRun open(String... overrides) {
        return Tiny.openWith(options -> options.withOutput(folder), overrides);
    }

    private static StepListener collecting(List<Path> traces) {
        return new StepListener() {
            @Override
            public void made(StepResult step) {}

            @Override
            public void profiled(Path trace) {
                traces.add(trace);
            }
        };
    }

    private static void checkTrace(Path file) throws IOException {
        JsonNode events = JsonMapper.shared().readTree(Files.readString(file)).get("traceEvents");
        Map<String, List<JsonNode>> tracks = new HashMap<>();
        Set<String> processes = new TreeSet<>();
        for (JsonNode event : events) {
            assertTrue(event.get("name").isString() && event.get("pid").isInt() && event.get("tid").isInt(),
                    event::toString);
            switch (event.get("ph").asString()) {
                case "M" -> {
                    if (event.get("name").asString().equals("process_name")) {
                        processes.add(event.at("/args/name").asString());
                    }
                }
                case "X" -> {
                    assertTrue(event.get("ts").asDouble() >= 0 && event.get("dur").asDouble() >= 0, event::toString);
                    long step = event.at("/args/step").asLong();
                    assertTrue(step == 3 || step == 4, event::toString);
                    tracks.computeIfAbsent(event.get("pid") + " " + event.get("tid"), track -> new ArrayList<>())
                            .add(event);
                }
                default -> throw new AssertionError("an event of another kind: " + event);
            }
        }
        assertEquals(Set.of("rank 0", "rank 1", "rank 2", "rank 3"), processes);
        assertEquals(2 * RANKS, tracks.size());
        tracks.forEach((track, all) -> {
            Set<String> names = new TreeSet<>(all.stream().map(event -> event.get("name").asString()).toList());
            Set<String> missing = new TreeSet<>(NAMES);
            missing.removeAll(names);
            assertEquals(track.endsWith("1") ? Set.of() : Set.of("data"), missing, "track " + track);
            assertNested(track, all);
        });
    }

    /** On a track, of two spans one lies within the other, or they do not overlap. Times are rounded to nanoseconds. */
    private static void assertNested(String track, List<JsonNode> spans) {
        Deque<Double> ends = new ArrayDeque<>();
        for (JsonNode span : spans) {
            double begin = span.get("ts").asDouble();
            double end = begin + span.get("dur").asDouble();
            while (!ends.isEmpty() && ends.peek() <= begin + 2e-3) {
                ends.pop();
            }
            assertTrue(ends.isEmpty() || end <= ends.peek() + 2e-3, () -> "track " + track + ": " + span);
            ends.push(end);
        }
    }

    private static void checkFlight(Path file) throws IOException {
        Set<String> names = new TreeSet<>();
        Set<Integer> ranks = new TreeSet<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            names.add(event.getString("span"));
            ranks.add(event.getInt("rank"));
            assertTrue(Set.of(3L, 4L).contains(event.getLong("step")), event::toString);
        }
        assertTrue(names.containsAll(NAMES), names::toString);
        assertEquals(Set.of(0, 1, 2, 3), ranks);
    }
}
