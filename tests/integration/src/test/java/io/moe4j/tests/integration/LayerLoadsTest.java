package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.MetricsConfig;
import io.moe4j.trainer.metrics.RunRecord;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.LayerLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The load of each layer's experts, as a run reports it and writes it to files. */
class LayerLoadsTest {
    /** 4 ranks of 2 sequences of 16 tokens, 3 experts a token. */
    private static final long ROUTED = 4 * 2 * 16 * 3;
    private static final int STEPS = 6;

    @TempDir
    private Path folder;

    @Test
    void allRoutedRowsAreCountedAndTheStepIsTheSame() {
        List<StepResult> without;
        try (TrainingRun run = Tiny.open("metrics.layers_every=0")) {
            without = Tiny.steps(run);
        }
        assertTrue(without.stream().allMatch(step -> step.layers().isEmpty()));
        try (TrainingRun run = Tiny.open()) {
            List<StepResult> with = Tiny.steps(run);
            assertEquals(without.stream().map(StepResult::loss).toList(), with.stream().map(StepResult::loss).toList());
            for (StepResult step : with) {
                assertEquals(List.of(1, 2), step.layers().stream().map(LayerLoad::layer).toList());
                assertEquals(step.receivedRowsMax(),
                        step.layers().stream().mapToLong(LayerLoad::receivedRowsMax).max().orElseThrow());
                assertEquals(0, step.hostSyncs());
                step.layers().forEach(layer -> assertEquals(ROUTED, total(layer)));
                assertTrue(step.captured());
            }
            assertEquals(STEPS * ROUTED / 3, with.getLast().tokens());
        }
    }

    @Test
    void theCountsOfAllGroupsAndMicrobatchesAreAddedUp() {
        try (TrainingRun run = Tiny.open("parallelism.expert_parallel_degree=2",
                "training.gradient_accumulation_steps=2",
                "metrics.layers_every=4")) {
            List<StepResult> steps = Tiny.steps(run);
            // The first, each fourth, and the last.
            assertEquals(List.of(1L, 4L, 6L),
                    steps.stream().filter(step -> !step.layers().isEmpty()).map(StepResult::step).toList());
            steps.forEach(step -> step.layers().forEach(layer -> assertEquals(2 * ROUTED, total(layer))));
        }
    }

    @Test
    void droppedRowsAreToldByLayer() {
        try (TrainingRun run = Tiny.open("moe.receive_capacity=1.0", "moe.on_overflow=drop", "training.steps=2")) {
            List<StepResult> steps = Tiny.steps(run);
            assertTrue(steps.stream().anyMatch(step -> step.droppedRows() > 0));
            steps.forEach(step -> assertEquals(step.droppedRows(),
                    step.layers().stream().map(LayerLoad::droppedRows).mapToLong(OptionalLong::orElseThrow).sum()));
        }
    }

    @Test
    void aRunLeavesItsFilesAndAContinuedOneGoesOnInThem() throws IOException {
        Path saved;
        try (TrainingRun run = Tiny.open("training.steps=3")) {
            record(run);
            saved = run.save(folder.resolve("checkpoints"));
        }
        // What a run wrote after the checkpoint that is continued is forgotten.
        Files.writeString(folder.resolve("layers.jsonl"), Files.readString(folder.resolve("layers.jsonl"))
                + "{\"step\":4,\"layers\":[]}\n{\"step\":5,\"lay");
        try (TrainingRun run = Tiny.open("training.steps=5", "checkpoint.resume=" + saved)) {
            record(run);
        }
        for (String name : List.of("metrics.jsonl", "layers.jsonl")) {
            assertEquals(List.of(1, 2, 3, 4, 5), lines(name).stream().map(line -> line.get("step").asInt()).toList());
        }
        JsonNode layer = lines("layers.jsonl").get(3).get("layers").get(0);
        assertEquals(1, layer.get("layer").asInt());
        assertEquals(8, layer.get("tokens_per_expert").size());
        double entropy = layer.get("entropy").asDouble();
        assertTrue(entropy > 0 && entropy <= 1, layer::toString);
        JsonNode run = JsonMapper.shared().readTree(Files.readString(folder.resolve("run.json")));
        assertEquals(4, run.get("ranks").asInt());
        assertTrue(run.get("memory_bytes_of_a_rank").get("parameters").asLong() > 0, run::toString);
        try (Stream<Path> events = Files.list(folder.resolve("tensorboard"))) {
            assertEquals(2, events.count());
        }
    }

    private void record(TrainingRun run) {
        try (RunRecord record = RunRecord.open(folder, new MetricsConfig(1, 1, true, false, 0, "127.0.0.1"),
                run.description(),
                run.stepsDone())) {
            while (run.hasNext()) {
                run.step(record);
            }
        }
    }

    private List<JsonNode> lines(String name) throws IOException {
        return Files.readAllLines(folder.resolve(name)).stream().map(JsonMapper.shared()::readTree).toList();
    }

    private static long total(LayerLoad layer) {
        return layer.tokensPerExpert().stream().mapToLong(Long::longValue).sum();
    }
}
