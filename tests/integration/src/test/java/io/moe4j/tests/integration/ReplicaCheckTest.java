package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.run.RanksDisagreeException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RankSession;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bit that flips in one rank's memory is found, and never saved. */
class ReplicaCheckTest {
    private static final String[] FOUR_COPIES = {"parallelism.data_parallel_replicate_degree=4",
            "parallelism.data_parallel_shard_degree=1", "parallelism.expert_parallel_degree=1", "training.steps=4"};
    private static final String[] TWO_COPIES_OF_TWO_SHARDS = {"parallelism.data_parallel_replicate_degree=2",
            "parallelism.data_parallel_shard_degree=2", "parallelism.expert_parallel_degree=2", "training.steps=4"};

    @TempDir
    Path folder;

    @Test
    void ranksThatAgreeTrainAsWithoutComparison() {
        for (String[] layout : List.of(FOUR_COPIES, TWO_COPIES_OF_TWO_SHARDS, new String[] {"training.steps=4"})) {
            List<Double> without;
            try (TrainingRun run = Tiny.open(with(layout, "runtime.agreement_interval=0"))) {
                without = Tiny.losses(run);
            }
            try (TrainingRun run = Tiny.open(with(layout, "runtime.agreement_interval=1"))) {
                assertEquals(without, Tiny.losses(run));
            }
        }
    }

    @Test
    void theRankAndTheUnitAreNamed() throws IOException {
        try (TrainingRun run = Tiny.open(with(FOUR_COPIES, "runtime.agreement_interval=2"))) {
            run.step();
            String unit = flip(run, 2, rank -> rank.model().units().getFirst().shard());
            String expected = "parameters of unit " + unit + ": rank 2 differs from ranks 0, 1 and 3";
            String message = assertThrows(RanksDisagreeException.class, run::step).getMessage();
            assertTrue(message.startsWith("step 2: ranks hold different copies of what should be equal: " + expected),
                    message);
            assertEquals(1, run.stepsDone());
            // The flipped bit does not get into a checkpoint either.
            assertTrue(assertThrows(RanksDisagreeException.class, () -> run.save(folder)).getMessage()
                    .contains(expected));
            try (java.util.stream.Stream<Path> files = Files.list(folder)) {
                assertEquals(List.of(), files.toList());
            }
        }
    }

    @Test
    void momentsOfOneShardAreCompared() {
        try (TrainingRun run = Tiny.open(with(TWO_COPIES_OF_TWO_SHARDS, "runtime.agreement_interval=1"))) {
            run.step();
            String unit = flip(run, 3, rank -> rank.optimizer().shards().getLast().secondMoment());
            String message = assertThrows(RanksDisagreeException.class, run::step).getMessage();
            assertTrue(message.contains("second moments of unit " + unit
                    + ": these differ: rank 1; rank 3; which are right cannot be told"), message);
        }
    }

    @Test
    void expertBiasesAreComparedEvenIfThereIsOneCopyOfTheParameters() {
        try (TrainingRun run = Tiny.open("runtime.agreement_interval=1")) {
            run.step();
            flip(run, 0, rank -> rank.model().buffers().values().iterator().next());
            String message = assertThrows(RanksDisagreeException.class, run::step).getMessage();
            assertTrue(message.contains("rank 0 differs from ranks 1 to 3"), message);
        }
    }

    @Test
    void nothingIsComparedBetweenTheIntervals() {
        try (TrainingRun run = Tiny.open(with(FOUR_COPIES, "runtime.agreement_interval=0"))) {
            run.step();
            flip(run, 2, rank -> rank.model().units().getFirst().shard());
            Tiny.losses(run);
            assertEquals(4, run.stepsDone());
        }
    }

    /** Changes the lowest bit of the first word of one rank's tensor; returns the name of the tensor's unit, if it belongs to one. */
    private static String flip(TrainingRun run, int of, Function<RankSession, Tensor> tensor) {
        return run.session().onRanks(rank -> {
            if (rank.context().rank() != of) {
                return "";
            }
            Tensor whole = tensor.apply(rank);
            Tensor first = whole.rank() == 1 ? whole.slice(0, 0, 1) : whole.view(whole.elements()).slice(0, 0, 1);
            Stream stream = rank.context().stream();
            int[] word = new int[1];
            stream.download(first, MemorySegment.ofArray(word));
            word[0] ^= 1;
            stream.upload(MemorySegment.ofArray(word), first);
            return rank.optimizer().shards().stream()
                    .filter(shard -> shard.unit().shard().memory().equals(whole.memory())
                            || shard.secondMoment().memory().equals(whole.memory()))
                    .map(shard -> shard.unit().name()).findFirst().orElse("");
        }).get(of);
    }

    private static String[] with(String[] layout, String more) {
        return java.util.stream.Stream.concat(java.util.Arrays.stream(layout), java.util.stream.Stream.of(more))
                .toArray(String[]::new);
    }
}
