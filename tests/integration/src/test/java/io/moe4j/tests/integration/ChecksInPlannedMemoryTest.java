package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.run.NonFiniteException;
import io.moe4j.trainer.run.TrainingRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What may follow a step has room in the memory that is planned, also where a step itself needs little: with one token, and where streams beside the main one
 * have their own memory for what is gathered.
 */
final class ChecksInPlannedMemoryTest {
    private static final String LITTLE = "parallelism.expert_parallel_degree=1 training.seq_len=1 training.local_batch_size=1"
            + " training.steps=3 training.dtype=bfloat16 ";

    /** Units that are compared are gathered whole. */
    @Test
    void ranksAreCompared() {
        try (TrainingRun run = open("training.overlap=on runtime.agreement_interval=1")) {
            assertEquals(3, Tiny.losses(run).size());
        }
    }

    /** The forward that is made again keeps plans of exchanges for each microbatch, and not for all of them. */
    @ParameterizedTest
    @ValueSource(strings = {"training.overlap=on", "training.gradient_accumulation_steps=100"})
    void valuesThatAreNotFiniteAreFound(String overrides) {
        try (TrainingRun run = open(
                overrides + " optimizer.lr=1e30 lr_scheduler.warmup_steps=0 training.max_norm=1e30")) {
            NonFiniteException found = assertThrows(NonFiniteException.class, () -> Tiny.losses(run));
            assertTrue(found.getMessage().contains("ranks 0 to 3: "), found.getMessage());
        }
    }

    private static TrainingRun open(String overrides) {
        return Tiny.open((LITTLE + overrides).split(" "));
    }
}
