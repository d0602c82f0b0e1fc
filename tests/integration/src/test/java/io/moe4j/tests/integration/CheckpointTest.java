package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints: a run continues with the state that was saved. */
class CheckpointTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"training.dtype=float32", "parallelism.expert_parallel_degree=2",
            "parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=1",
            "training.dtype=bfloat16 training.parameter_dtype=bfloat16 optimizer.state_dtype=bfloat16"
                    + " optimizer.parameter_rounding=stochastic"})
    void aContinuedRunHasTheLossesOfAnUninterruptedOne(String overrides) {
        List<Double> whole;
        try (TrainingRun run = Tiny.open(overrides.split(" "))) {
            whole = Tiny.losses(run);
        }
        List<Double> parts = new ArrayList<>();
        try (TrainingRun run = Tiny.open(overrides.split(" "))) {
            for (int i = 0; i < 3; i++) {
                parts.add(run.step().loss());
            }
            run.save(folder);
        }
        try (TrainingRun run = Tiny.open((overrides + " checkpoint.resume=" + folder).split(" "))) {
            assertEquals(3, run.stepsDone());
            parts.addAll(Tiny.losses(run));
        }
        assertEquals(whole, parts);
    }

    @ParameterizedTest
    @ValueSource(strings = {"parallelism.expert_parallel_degree=1", "parallelism.expert_parallel_degree=2",
            "ranks=2 parallelism.data_parallel_shard_degree=2 parallelism.expert_parallel_degree=2"
                    + " training.local_batch_size=4"})
    void anotherLayoutContinuesWithinRounding(String overrides) {
        List<Double> whole;
        try (TrainingRun run = Tiny.open()) {
            for (int i = 0; i < 3; i++) {
                run.step();
            }
            run.save(folder);
            whole = Tiny.losses(run);
        }
        try (TrainingRun run = Tiny.open((overrides + " checkpoint.resume=" + folder).split(" "))) {
            List<Double> parts = Tiny.losses(run);
            for (int i = 0; i < 3; i++) {
                assertEquals(whole.get(i), parts.get(i), 1e-4 * whole.get(i));
            }
        }
    }

    /** Three steps of eight sequences, then steps of four: the next sequences are those from the 24th on, each once. */
    @Test
    void anotherBatchSizeGoesOnWhereTheDataWas() {
        List<Long> read = new ArrayList<>();
        Tiny.DataOf data = config -> (rank, sequences) -> {
            synchronized (read) {
                read.add(sequences);
            }
            return Tiny.sequences(config).open(rank, sequences);
        };
        try (TrainingRun run = Tiny.open()) {
            for (int i = 0; i < 3; i++) {
                run.step();
            }
            run.save(folder);
        }
        try (TrainingRun run = Tiny.open(data, "training.local_batch_size=1", "checkpoint.resume=" + folder)) {
            run.step();
            run.save(folder);
        }
        try (TrainingRun run = Tiny.open(data, "checkpoint.resume=" + folder)) {
            assertEquals(4, run.stepsDone());
        }
        assertEquals(List.of(24L, 24L, 24L, 24L, 28L, 28L, 28L, 28L), read);
    }

    @Test
    void tensorsHaveTheirPublishedNames() {
        try (TrainingRun run = Tiny.open(); SafetensorsFile file = SafetensorsFile
                .open(run.save(folder).resolve("weights-of-rank-00000.shard"))) {
            assertEquals(List.of(24L, 32L), file.entry("model.layers.1.mlp.experts.7.up_proj.weight").shape());
            assertEquals(List.of(61L, 32L), file.entry("model.embed_tokens.weight").shape());
            assertEquals(List.of(8L), file.entry("model.layers.2.mlp.gate.e_score_correction_bias").shape());
        }
    }

    @Test
    void whatIsHalfWrittenOrDamagedIsNotTaken() throws IOException {
        Path saved;
        try (TrainingRun run = Tiny.open()) {
            run.step();
            saved = run.save(folder);
            Files.createDirectories(folder.resolve("step-000000002.part"));
            run.step();
            run.save(folder);
            // Saving the same step again replaces it.
            run.save(folder);
        }
        Files.createDirectories(folder.resolve("step-000000009.part"));
        try (TrainingRun run = Tiny.open("checkpoint.resume=" + folder)) {
            assertEquals(2, run.stepsDone());
        }
        String progress = Files.readString(saved.resolve("progress.json"));
        Files.writeString(saved.resolve("progress.json"), "{");
        assertTrue(assertThrows(InputException.class, () -> Tiny.open("checkpoint.resume=" + saved).close())
                .getMessage().contains("is damaged: progress.json: "));
        Files.writeString(saved.resolve("progress.json"), progress);
        Files.delete(saved.resolve("second_moment-of-rank-00000.shard"));
        assertTrue(assertThrows(InputException.class, () -> Tiny.open("checkpoint.resume=" + saved).close())
                .getMessage().contains("second_moment"));
    }
}
