package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Muon over shards, with checkpoints, and beside AdamW; its numbers are compared with PyTorch's where it is written. */
final class MuonTest {
    private static final String MUON = "optimizer.name=muon";
    /** Gradients are not clipped: the sum of their squares depends on how they are divided over ranks. */
    private static final String TWO = "ranks=2 parallelism.expert_parallel_degree=1 training.max_norm=1e9"
            + " training.steps=3 ";

    @TempDir
    private Path folder;

    private static TrainingRun open(String... overrides) {
        return Tiny.open(Tiny.words(overrides));
    }

    /**
     * Two replicas and two shards sum the same gradients in the same order, so that a matrix in two pieces must be updated like a whole one. AdamW is the
     * control.
     */
    @ParameterizedTest
    @ValueSource(strings = {"optimizer.name=adamw", "optimizer.name=muon",
            "optimizer.name=muon training.dtype=bfloat16 training.parameter_dtype=bfloat16"
                    + " optimizer.parameter_rounding=stochastic optimizer.state_dtype=bfloat16"})
    void shardsDoNotChangeABit(String overrides) {
        try (TrainingRun whole = open(TWO, overrides,
                "parallelism.data_parallel_replicate_degree=2 parallelism.data_parallel_shard_degree=1");
                TrainingRun divided = open(TWO, overrides, "parallelism.data_parallel_shard_degree=2")) {
            assertEquals(Tiny.losses(whole), Tiny.losses(divided));
            assertEquals(RunBits.parameters(whole), RunBits.parameters(divided));
        }
    }

    /**
     * Each expert is a matrix of its own, on whichever rank it is: results agree within the rounding of three steps' gradients, which the iteration enlarges.
     */
    @ParameterizedTest
    @ValueSource(strings = {"parallelism.expert_parallel_degree=2", "parallelism.expert_parallel_degree=1"})
    void expertsAreUpdatedOneByOne(String layout) {
        try (TrainingRun four = open(MUON, "training.steps=3");
                TrainingRun other = open(MUON, "training.steps=3", layout)) {
            List<Double> expected = Tiny.losses(four);
            List<Double> found = Tiny.losses(other);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i), found.get(i), 1e-3 * expected.get(i));
            }
        }
    }

    /** Embedding, head and norms are AdamW's; the matrices of blocks are not. */
    @Test
    void onlyMatricesOfBlocksAreMuons() {
        String oneStep = "training.steps=1";
        try (TrainingRun muon = open(MUON, oneStep); TrainingRun adamw = open(oneStep);
                TrainingRun faster = open(MUON, oneStep, "optimizer.muon.lr=0.03")) {
            for (TrainingRun run : List.of(muon, adamw, faster)) {
                run.step();
            }
            Map<String, Integer> ofMuon = RunBits.parameters(muon);
            Map<String, Integer> ofAdamW = RunBits.parameters(adamw);
            Map<String, Integer> ofFaster = RunBits.parameters(faster);
            ofMuon.forEach((name, digest) -> {
                boolean adamws = name.contains("norm") || name.contains("embed") || name.contains("lm_head")
                        || name.endsWith("bias");
                assertEquals(adamws, digest.equals(ofAdamW.get(name)), name);
                assertEquals(adamws, digest.equals(ofFaster.get(name)), name);
            });
        }
    }

    /** AdamW's first moments are means of gradients, Muon's are sums: what one has saved, the other would read as something else. */
    @Test
    void muonDoesNotContinueWhatAdamWHasSaved() {
        try (TrainingRun run = open("training.steps=1")) {
            run.step();
            run.save(folder);
        }
        String refusal = assertThrows(InputException.class, () -> open(MUON, "checkpoint.resume=" + folder).close())
                .getMessage();
        assertTrue(refusal.contains(" has second_moment of tensors of which this run's optimizer keeps none")
                && refusal.contains("optimizer.name"), refusal);
        assertEquals(refusal.indexOf("second_moment"), refusal.lastIndexOf("second_moment"), refusal);
        try (TrainingRun run = open("training.steps=2", "checkpoint.resume=" + folder)) {
            assertEquals(2, run.step().step());
        }
    }

    @Test
    void aContinuedRunHasTheLossesOfAnUninterruptedOne() throws Exception {
        List<Double> whole;
        List<Double> parts = new ArrayList<>();
        Path saved;
        try (TrainingRun run = open(MUON)) {
            for (int i = 0; i < 3; i++) {
                parts.add(run.step().loss());
            }
            saved = run.save(folder);
            whole = new ArrayList<>(parts);
            whole.addAll(Tiny.losses(run));
        }
        assertTrue(Files.size(saved.resolve("second_moment-of-rank-00000.shard")) < Files
                .size(saved.resolve("first_moment-of-rank-00000.shard")) / 2, "matrices have no second moments");
        try (TrainingRun run = open(MUON, "checkpoint.resume=" + folder, "optimizer.offload=true")) {
            parts.addAll(Tiny.losses(run));
        }
        assertEquals(whole, parts);
        String refusal = assertThrows(InputException.class, () -> open("checkpoint.resume=" + folder).close())
                .getMessage();
        assertTrue(refusal.contains("second_moment") && refusal.contains("optimizer.name"), refusal);
    }

    /** A control for the tests above: the same data with another optimizer gives other results. */
    @Test
    void itLearns() {
        try (TrainingRun run = open(MUON, "training.steps=8"); TrainingRun adamw = open("training.steps=8")) {
            List<Double> losses = Tiny.losses(run);
            assertTrue(losses.getLast() < 0.9 * losses.getFirst(), losses.toString());
            assertNotEquals(losses, Tiny.losses(adamw));
        }
    }
}
