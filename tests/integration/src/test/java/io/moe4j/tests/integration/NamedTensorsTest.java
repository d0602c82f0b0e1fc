package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.run.TrainingRun;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tensors of an open run are read by their Hugging Face names, and whole, on whichever ranks their parts are. */
final class NamedTensorsTest {
    private static final String[] ONE_RANK = {"ranks=1", "parallelism.data_parallel_shard_degree=1",
            "parallelism.expert_parallel_degree=1"};

    /** Initial values depend on names and the seed only, so that four ranks and one begin with the same bits. */
    @Test
    void fourRanksShowWhatOneDoes() {
        try (TrainingRun four = Tiny.open(); TrainingRun one = Tiny.open(ONE_RANK)) {
            Map<String, List<Long>> shapes = four.tensors().shapes();
            assertEquals(one.tensors().shapes(), shapes);
            assertTrue(shapes.keySet().stream().anyMatch(name -> name.contains(".experts.3.")), shapes::toString);
            shapes.keySet().forEach(name -> assertArrayEquals(one.tensors().read(name).values(),
                    four.tensors().read(name).values(), name));
        }
    }

    @Test
    void aStepMovesThem() {
        try (TrainingRun run = Tiny.open()) {
            String name = "model.embed_tokens.weight";
            float[] before = run.tensors().read(name).values();
            assertTrue(before.length > 0);
            run.step();
            assertFalse(Arrays.equals(before, run.tensors().read(name).values()));
        }
    }

    @Test
    void anUnknownNameIsRefused() {
        try (TrainingRun run = Tiny.open()) {
            String message = String.valueOf(
                    assertThrows(InputException.class, () -> run.tensors().read("model.nrom")).getMessage());
            assertTrue(message.startsWith("the model has no tensor \"model.nrom\"; it has "), message);
        }
    }
}
