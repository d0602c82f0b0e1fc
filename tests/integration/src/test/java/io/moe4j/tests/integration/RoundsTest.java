package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Exchanges in rounds, in trainings of both families and in their validations: losses, and gradients of all parameters but the experts', have the bits that
 * room for the worst case gives. The bound of the experts' gradients is tested by themselves.
 */
final class RoundsTest {
    /** A learning rate so small that weights do not change: the next loss, and that of the validation, then depend on outputs only. */
    private static final String NO_LEARNING = "optimizer.lr=1e-30 moe.load_balance_coeff=0 training.steps=2"
            + " training.local_batch_size=1 validation.interval=1 validation.steps=2";

    /**
     * The results of a training.
     *
     * @param losses of its steps and validations
     * @param gradients of its last step, bits by rank and parameter
     * @param mostRounds that an exchange of a step needed
     */
    private record Left(List<Double> losses, Map<String, IntBuffer> gradients, long mostRounds) {}

    @ParameterizedTest
    @CsvSource({"false, 0.3, ''", "true, 0.7, graph_capture.enable=false runtime.strict=true",
            "true, 0.05, training.gradient_accumulation_steps=2",
            "true, 0.3, model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none"})
    void roundsGiveTheBitsOfTheWorstCase(boolean qwen, String capacity, String overrides) {
        Left whole = run(qwen, overrides);
        Left rounds = run(qwen, overrides + " moe.receive_capacity=" + capacity);
        assertEquals(1, Math.max(1, whole.mostRounds), "rounds of the worst case");
        assertTrue(rounds.mostRounds > 1, "rounds: " + rounds.mostRounds);
        assertEquals(whole.losses, rounds.losses);
        assertTrue(whole.losses.size() > 2 && whole.losses.stream().allMatch(Double::isFinite));
        assertEquals(whole.gradients.keySet(), rounds.gradients.keySet());
        assertTrue(whole.gradients.keySet().stream().anyMatch(name -> name.contains("experts")));
        whole.gradients.forEach((name, bits) -> {
            if (!name.contains("experts")) {
                assertEquals(bits, rounds.gradients.get(name), name);
            }
        });
    }

    /** The number of rounds changes from step to step: a captured step makes those that it needs, with the bits of an eager step, which enqueues all. */
    @ParameterizedTest
    @CsvSource({"false, 1.8, 2, activation_checkpoint.mode=full",
            "true, 0.4, 3, training.gradient_accumulation_steps=2 training.overlap=on runtime.strict=true",
            "false, 0.4, 3, activation_checkpoint.mode=budget activation_checkpoint.memory_budget=0.0002"})
    void capturedStepsMakeTheRoundsThatTheyNeed(boolean qwen, String capacity, int numbers, String overrides) {
        String rounds = overrides + " moe.receive_capacity=" + capacity;
        Crowded captured = crowded(qwen, rounds);
        assertTrue(captured.rounds.stream().distinct().count() >= numbers, "rounds of the steps: " + captured.rounds);
        Crowded eager = crowded(qwen, rounds + " graph_capture.enable=false");
        assertEquals(eager, captured);
        Crowded whole = crowded(qwen, overrides);
        assertEquals(whole.losses, captured.losses, "losses of the worst case");
    }

    /**
     * Results of steps that send most rows to a few experts.
     *
     * @param losses of each step
     * @param rounds of each step, the largest number of rounds of an exchange
     * @param gradients bits of the last gradients, by rank and parameter
     */
    private record Crowded(List<Double> losses, List<Long> rounds, Map<String, IntBuffer> gradients) {}

    private static Crowded crowded(boolean qwen, String overrides) {
        UnaryOperator<ModelSpec> family = qwen ? Tiny::qwen : UnaryOperator.identity();
        String[] words = Tiny.words("optimizer.lr=1e-30 moe.load_balance_coeff=0 training.steps=6", overrides);
        Crowded left = new Crowded(new ArrayList<>(), new ArrayList<>(), new TreeMap<>());
        try (TrainingRun run = Tiny.openOther(family, RoundsTest::crowds, words)) {
            while (run.hasNext()) {
                StepResult step = run.step();
                left.losses.add(step.loss());
                left.rounds.add(step.rounds().most());
            }
            gradients(run, left.gradients);
        }
        return left;
    }

    /** Each step has another part of its tokens in one word, whose experts are then crowded. */
    private static BatchSource.Factory crowds(TrainerConfig config) {
        int tokens = config.training().localBatchSize() * config.microbatches() * config.training().seqLen();
        List<Double> crowd = List.of(0.0, 1.0, 0.5, 0.0, 0.8, 0.2);
        return (rank, read) -> new BatchSource() {
            private final Random random = new Random(7 + rank);
            private int step;

            @Override
            public Batch next() {
                double crowded = crowd.get(step++);
                int[] ids = random.ints(tokens, 0, 61).map(id -> random.nextDouble() < crowded ? 7 : id).toArray();
                return new Batch(ids, random.ints(tokens, 0, 61).toArray());
            }
        };
    }

    private static Left run(boolean qwen, String overrides) {
        UnaryOperator<ModelSpec> family = qwen ? Tiny::qwen : UnaryOperator.identity();
        String[] words = Tiny.words(NO_LEARNING, overrides);
        List<Double> losses = new ArrayList<>();
        Map<String, IntBuffer> gradients = new TreeMap<>();
        long mostRounds = 0;
        try (TrainingRun run = Tiny.openValidated(family, Tiny::threads, Tiny::sequences, UnaryOperator.identity(),
                words)) {
            while (run.hasNext()) {
                StepResult step = run.step();
                losses.add(step.loss());
                losses.add(run.lastValidation().orElseThrow().loss());
                mostRounds = Math.max(mostRounds, step.rounds().most());
            }
            gradients(run, gradients);
        }
        return new Left(losses, gradients, mostRounds);
    }

    private static void gradients(TrainingRun run, Map<String, IntBuffer> gradients) {
        run.session().onRanks(rank -> {
            String who = "rank " + rank.context().rank() + " ";
            rank.model().units().forEach(
                    unit -> unit.read(unit.gradientShard(), (parameter, from, values, count) -> {
                        int[] bits = new int[count];
                        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
                        synchronized (gradients) {
                            gradients.put(who + parameter + " " + from, IntBuffer.wrap(bits));
                        }
                    }));
            return rank;
        });
    }
}
