package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments in the host's memory: the same bits as on the device. A strict CPU runs the copies' streams beside the rank's. */
final class OffloadTest {
    private static final String OFFLOAD = "optimizer.offload=true";
    /** Many chunks in each unit; the last ones shorter. */
    private static final String SMALL = "optimizer.offload_chunk_bytes=5000";

    @TempDir
    private Path folder;

    private static TrainingRun open(String... overrides) {
        return Tiny
                .open(Stream.of(overrides).flatMap(each -> Stream.of(each.split(" "))).filter(each -> !each.isBlank())
                        .toArray(String[]::new));
    }

    /** Losses of all steps, and a digest of all parameters after them. */
    private static List<Object> outcome(TrainingRun run) {
        List<Object> outcome = new ArrayList<>(Tiny.losses(run));
        outcome.add(RunBits.parameters(run));
        return outcome;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "runtime.strict=true graph_capture.enable=false training.gradient_accumulation_steps=2",
            "parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=2 runtime.agreement_interval=2",
            "training.dtype=bfloat16 training.parameter_dtype=bfloat16 optimizer.state_dtype=bfloat16"
                    + " optimizer.parameter_rounding=stochastic runtime.strict=true",
            "optimizer.name=muon runtime.strict=true optimizer.decay_norms=false optimizer.decay_embeddings=false"})
    void theBitsAreThoseOfMomentsOnTheDevice(String overrides) {
        List<Object> expected;
        try (TrainingRun run = open(overrides)) {
            expected = outcome(run);
        }
        try (TrainingRun run = open(overrides, OFFLOAD, SMALL)) {
            assertEquals(expected, outcome(run));
        }
    }

    /** Chunks and slots of all sizes, down to one slot and up to one for each chunk. */
    @Test
    void chunksAndSlotsDoNotChangeABit() {
        List<Object> expected;
        try (TrainingRun run = open("runtime.strict=true")) {
            expected = outcome(run);
        }
        for (String chunks : List.of("optimizer.offload_chunk_bytes=1024 optimizer.offload_slots=7",
                SMALL + " optimizer.offload_slots=1", "optimizer.offload_slots=1000")) {
            try (TrainingRun run = open("runtime.strict=true", OFFLOAD, chunks)) {
                assertEquals(expected, outcome(run), chunks);
            }
        }
    }

    /** A control: the values that the test above compares do depend on the optimizer. */
    @Test
    void anotherMomentIsAnotherOutcome() {
        try (TrainingRun run = open(); TrainingRun other = open("optimizer.beta2=0.96")) {
            assertNotEquals(outcome(run), outcome(other));
        }
    }

    /** Saved with or without offload, and continued with or without it; saving in the middle does not change later steps. */
    @ParameterizedTest
    @ValueSource(strings = {"true true", "true false", "false true"})
    void aCheckpointContinuesEitherWay(String kinds) {
        String before = "optimizer.offload=" + kinds.split(" ")[0];
        String after = "optimizer.offload=" + kinds.split(" ")[1];
        List<Object> whole;
        try (TrainingRun run = open("runtime.strict=true")) {
            whole = outcome(run);
        }
        List<Object> parts = new ArrayList<>();
        try (TrainingRun run = open("runtime.strict=true", before, SMALL)) {
            for (int i = 0; i < 3; i++) {
                parts.add(run.step().loss());
            }
            run.save(folder);
            List<Object> through = new ArrayList<>(parts);
            through.addAll(outcome(run));
            assertEquals(whole, through);
        }
        try (TrainingRun run = open("runtime.strict=true", after, SMALL, "checkpoint.resume=" + folder)) {
            parts.addAll(outcome(run));
        }
        assertEquals(whole, parts);
    }

    @Test
    void memoryIsWhatThePlanSays() {
        try (TrainingRun run = open(OFFLOAD, SMALL); TrainingRun resident = open()) {
            Map<String, Long> planned = run.session().memoryPlan().allocated();
            Map<String, Long> before = resident.session().memoryPlan().allocated();
            assertEquals(before.get("optimizer state"), planned.get("optimizer state"), "a CPU's memory is the host's");
            // Two slots for 1152 first and as many second moments: 5000 bytes are 1250 elements, of which 9 groups of 128 are whole.
            assertEquals(2 * 2 * 1152 * 4L, planned.get("optimizer state on its way"));
            assertEquals(4 * planned.get("optimizer state on its way"),
                    run.session().devices().get(0).allocatedBytes().get("optimizer state on its way"));
        }
    }

    @Test
    void aChunkHasAtLeastAGroupAndASlot() {
        String message = assertThrows(ConfigException.class,
                () -> open(OFFLOAD, "optimizer.offload_chunk_bytes=511 optimizer.offload_slots=0")).getMessage();
        assertTrue(message.contains("optimizer.offload_chunk_bytes = 511") && message.contains("at least 512")
                && message.contains("optimizer.offload_slots = 0"), message);
    }
}
