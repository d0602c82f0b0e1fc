package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.run.ValidationResult;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.step.Batch;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Validation during training is exact, and changes nothing of the training. */
class ValidationTest {
    private static final String EACH_STEP = "validation.interval=1 validation.steps=2";
    /** A learning rate so small that no parameter changes, so that all steps have the same validation. */
    private static final String NO_LEARNING = "optimizer.lr=1e-30 moe.load_balance_coeff=0 training.steps=1";
    private static final String EAGER = "graph_capture.enable=false";
    private static final String STANDARD = "model.moe_comm_backend=standard " + EAGER;
    private static final String ONE_RANK = "ranks=1 parallelism.data_parallel_shard_degree=1"
            + " parallelism.expert_parallel_degree=1 training.local_batch_size=8";
    private static final String TWO_RANKS = "ranks=2 parallelism.data_parallel_shard_degree=2"
            + " parallelism.expert_parallel_degree=2 training.local_batch_size=4";

    @TempDir
    private Path folder;

    /** Losses, norms and all tensors at the end. A difference of a moment would show in the next step. */
    private record Bits(List<Long> steps, Map<String, int[]> tensors) {

        static Bits of(TrainingRun run, StepListener listener) {
            List<Long> bits = new ArrayList<>();
            while (run.hasNext()) {
                StepResult step = run.step(listener);
                bits.add(Double.doubleToRawLongBits(step.loss()));
                bits.add(Double.doubleToRawLongBits(step.gradientNorm()));
                bits.add(step.receivedRowsMax());
                bits.add(step.droppedRows());
                bits.add(step.hostSyncs());
            }
            Map<String, int[]> tensors = new TreeMap<>();
            run.tensors().shapes().keySet().forEach(name -> {
                float[] values = run.tensors().read(name).values();
                int[] raw = new int[values.length];
                for (int i = 0; i < raw.length; i++) {
                    raw[i] = Float.floatToRawIntBits(values[i]);
                }
                tensors.put(name, raw);
            });
            return new Bits(bits, tensors);
        }

        void requireSame(Bits other) {
            assertEquals(steps, other.steps);
            assertEquals(tensors.keySet(), other.tensors.keySet());
            tensors.forEach((name, raw) -> assertArrayEquals(raw, other.tensors.get(name), name));
        }
    }

    private static StepListener into(List<ValidationResult> validations) {
        return new StepListener() {
            @Override
            public void made(StepResult step) {}

            @Override
            public void validated(ValidationResult validation) {
                validations.add(validation);
            }
        };
    }

    private static String[] words(String... overrides) {
        return Stream.of(overrides).flatMap(each -> Stream.of(each.split(" "))).filter(word -> !word.isEmpty())
                .toArray(String[]::new);
    }

    private static TrainingRun open(Tiny.DataOf data, String... overrides) {
        return Tiny.openValidated(UnaryOperator.identity(), Tiny::threads, data, UnaryOperator.identity(),
                words(overrides));
    }

    private static List<ValidationResult> validations(Tiny.DataOf data, String... overrides) {
        try (TrainingRun run = open(data, overrides)) {
            return validations(run);
        }
    }

    private static List<ValidationResult> validations(TrainingRun run) {
        List<ValidationResult> validations = new ArrayList<>();
        while (run.hasNext()) {
            run.step(into(validations));
        }
        return validations;
    }

    /** A validation of the model as it was initialised. */
    private static ValidationResult first(Tiny.DataOf data, String... overrides) {
        return validations(data, EACH_STEP, NO_LEARNING, String.join(" ", overrides)).getFirst();
    }

    /** Each way to run, with one of both families in turn: what differs between families does not depend on it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', emptyValue = "", value = {"deepseek | ''",
            "qwen | " + STANDARD + " activation_checkpoint.mode=none",
            "deepseek | parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=2 runtime.agreement_interval=1",
            "qwen | training.gradient_accumulation_steps=3",
            "deepseek | training.parameter_dtype=bfloat16 optimizer.parameter_rounding=stochastic",
            "qwen | moe.receive_capacity=1.25 moe.on_overflow=drop"})
    void aRunWithValidationIsTheRunWithout(String name, String overrides) {
        requireTheSameRun(name, overrides);
    }

    /** Other ways, each of which differs in one respect from one above. */
    @ParameterizedTest
    @Tag("thorough")
    @CsvSource(delimiter = '|', emptyValue = "", value = {"qwen | ''", "qwen | " + EAGER, "deepseek | " + STANDARD,
            "deepseek | " + ONE_RANK, "qwen | parallelism.expert_parallel_degree=2", "deepseek | runtime.strict=true",
            "qwen | training.dtype=bfloat16"})
    void soItIsInOtherWays(String name, String overrides) {
        requireTheSameRun(name, overrides);
    }

    private static void requireTheSameRun(String name, String overrides) {
        UnaryOperator<ModelSpec> family = name.equals("qwen") ? Tiny::qwen : UnaryOperator.identity();
        List<ValidationResult> validations = new ArrayList<>();
        Bits with;
        try (TrainingRun run = Tiny.openValidated(family, Tiny::threads, Tiny::sequences, UnaryOperator.identity(),
                words(EACH_STEP, "training.steps=4", overrides))) {
            with = Bits.of(run, into(validations));
        }
        try (TrainingRun run = Tiny.openOther(family, words("training.steps=4", overrides))) {
            Bits.of(run, made -> {}).requireSame(with);
        }
        assertEquals(List.of(1L, 2L, 3L, 4L), validations.stream().map(ValidationResult::step).toList());
        assertTrue(validations.getLast().loss() < validations.getFirst().loss(), "it learns");
    }

    @Test
    void howItIsRunDoesNotShowInTheLoss() {
        List<Double> expected = losses("");
        assertEquals(6, expected.size());
        for (String other : List.of("", EAGER, STANDARD, STANDARD + " activation_checkpoint.mode=none",
                "runtime.strict=true", "runtime.threads=1")) {
            assertEquals(expected, losses(other), other);
        }
    }

    private static List<Double> losses(String overrides) {
        return validations(Tiny::sequences, EACH_STEP, overrides).stream().map(ValidationResult::loss).toList();
    }

    /** The same sequences, divided among ranks in another way: sums of products in fp32 are in another order in some layers. */
    @Test
    void anyNumberOfRanksGivesTheSameLoss() {
        ValidationResult four = first(Tiny::sequences);
        assertEquals(2 * 8 * 16, four.tokens());
        assertEquals(2 * 8, four.sequences());
        assertEquals(2, four.batches());
        assertTrue(four.problem().isEmpty());
        for (String layout : List.of(ONE_RANK, TWO_RANKS, "parallelism.expert_parallel_degree=2",
                "training.local_batch_size=1 training.gradient_accumulation_steps=2")) {
            ValidationResult other = first(Tiny::sequences, layout);
            assertEquals(four.tokens(), other.tokens());
            assertEquals(four.loss(), other.loss(), 1e-6 * four.loss(), layout);
        }
        // A control: this bound distinguishes other data.
        double others = first(config -> (rank, read) -> Tiny.sequences(config).open(rank, read + 1)).loss();
        assertTrue(Math.abs(others - four.loss()) > 1e-5 * four.loss(), others + " and " + four.loss());
    }

    /** Both halves are uneven over ranks, sequences and batches: means of their means would be another number. */
    @Test
    void theLossIsAMeanOverTokens() {
        FiniteData.Mask half = (rank, sequence, token) -> token < 1 + 5 * rank + 3 * sequence;
        ValidationResult all = first(Tiny::sequences);
        ValidationResult some = first(config -> FiniteData.masked(config, Tiny.sequences(config), half));
        ValidationResult others = first(config -> FiniteData.masked(config, Tiny.sequences(config),
                (rank, sequence, token) -> !half.counts(rank, sequence, token)));
        // Of both sequences of rank r: 1 + 5 r, and 4 + 5 r, at most 16; in two batches.
        assertEquals(2 * (1 + 4 + 6 + 9 + 11 + 14 + 16 + 16), some.tokens());
        assertEquals(all.tokens(), some.tokens() + others.tokens());
        double together = (some.loss() * some.tokens() + others.loss() * others.tokens()) / all.tokens();
        assertEquals(all.loss(), together, 1e-12 * all.loss());
        assertEquals(Math.exp(all.loss()), all.perplexity());
        assertTrue(Math.abs((some.loss() + others.loss()) / 2 - all.loss()) > 1e-6, "the mean of the means is another");
        // All tokens of rank 3's sequences are among the first: with none left, a sequence does not count.
        assertEquals(2 * 6, others.sequences());
    }

    /** Rank r has r batches: the others wait for none, and what they do meanwhile does not count. */
    @ParameterizedTest
    @ValueSource(strings = {"", STANDARD, "runtime.strict=true"})
    void ranksMayHaveUnevenShares(String overrides) {
        ValidationResult uneven = first(config -> FiniteData.of(Tiny.sequences(config), rank -> rank),
                "validation.steps=0", overrides);
        assertEquals((1 + 2 + 3) * 2 * 16, uneven.tokens());
        assertEquals(3, uneven.batches());
        double sum = 0;
        for (int rank = 1; rank < 4; rank++) {
            int only = rank;
            ValidationResult one = first(config -> FiniteData.of(Tiny.sequences(config),
                    other -> other == only ? only : 0), "validation.steps=0", overrides);
            assertEquals(rank * 2L * 16, one.tokens());
            sum += one.loss() * one.tokens();
        }
        assertEquals(sum / uneven.tokens(), uneven.loss(), 1e-12 * uneven.loss());
    }

    @Test
    void dataThatEndsEarlyIsUsedUp() {
        ValidationResult three = first(config -> FiniteData.of(Tiny.sequences(config), rank -> 3),
                "validation.steps=1000");
        assertEquals(3, three.batches());
        assertTrue(three.problem().isEmpty());
        ValidationResult none = first(config -> FiniteData.of(Tiny.sequences(config), rank -> 0));
        assertEquals(0, none.tokens());
        assertTrue(Double.isNaN(none.loss()));
        assertEquals(Optional.of("the data has no token that counts; give text, with labels"), none.problem());
    }

    /** The same tokens each time: nothing is learned, so that all have the same loss. Each begins at the beginning of the data. */
    @Test
    void eachValidationReadsTheSame() {
        List<Double> losses = validations(Tiny::sequences, EACH_STEP, NO_LEARNING, "training.steps=3").stream()
                .map(ValidationResult::loss).toList();
        assertEquals(1, losses.stream().distinct().count(), losses.toString());
    }

    @Test
    void itIsMadeAtTheIntervalAndAtTheEnd() {
        List<ValidationResult> validations = validations(Tiny::sequences, "validation.interval=4", "training.steps=6");
        assertEquals(List.of(4L, 6L), validations.stream().map(ValidationResult::step).toList());
        assertEquals(1, validations(Tiny::sequences, "validation.interval=6").size(), "once, if both are due");
    }

    /** The loss is that of a training step on the same batch, with the same documents in each microbatch; without boundaries it is another one. */
    @Test
    void documentsAreKeptApart() {
        Tiny.DataOf data = DocumentsTest.withStarts(DocumentsTest::random);
        String how = NO_LEARNING + " training.seq_len=32 training.gradient_accumulation_steps=2 validation.interval=1"
                + " validation.steps=1 data.document_boundaries=true";
        double validated = validations(data, how).getFirst().loss();
        try (TrainingRun run = Tiny.open(data, words(how, "validation.interval=0"))) {
            assertEquals(run.step().loss(), validated, 1e-6 * validated);
        }
        double across = validations(Tiny::sequences, how).getFirst().loss();
        assertTrue(Math.abs(across - validated) > 1e-5 * validated,
                () -> validated + " with boundaries and " + across + " without: too near to show anything");
    }

    /** Data that one rank cannot read ends the validation of all ranks, but not the run. */
    @Test
    void unreadableDataIsToldAndTheRunGoesOn() {
        List<ValidationResult> validations = new ArrayList<>();
        Bits with;
        try (TrainingRun run = open(config -> FiniteData.broken(Tiny.sequences(config), 2), EACH_STEP)) {
            with = Bits.of(run, into(validations));
        }
        assertEquals(6, validations.size());
        assertEquals(Optional.of("the data cannot be read: rank 2: v.jsonl, line 9 is not JSON"),
                validations.getFirst().problem());
        try (TrainingRun run = Tiny.open()) {
            Bits.of(run, made -> {}).requireSame(with);
        }
    }

    @Test
    void aSourceThatDoesNotOpenIsToldToo() {
        ValidationResult validation = first(config -> (rank, read) -> {
            if (rank == 1) {
                throw new InputException("v.txt does not exist");
            }
            return Tiny.sequences(config).open(rank, read);
        });
        assertEquals(Optional.of("the data cannot be read: rank 1: v.txt does not exist"), validation.problem());
    }

    /** The head of every rank gives NaN for its second token. */
    @Test
    void aLossThatIsNotFiniteIsToldAndTheRunGoesOn() {
        List<ValidationResult> validations = new ArrayList<>();
        Bits with;
        try (TrainingRun run = Tiny.openValidated(SpoiledLosses::of, Tiny::threads, Tiny::sequences,
                UnaryOperator.identity(), words(EACH_STEP))) {
            with = Bits.of(run, into(validations));
        }
        assertEquals(6, validations.size());
        assertTrue(Double.isNaN(validations.getFirst().loss()));
        // One of each of four ranks, in two batches.
        assertEquals(Optional.of("the loss of 8 of 256 tokens is NaN or infinite"), validations.getFirst().problem());
        try (TrainingRun run = Tiny.open()) {
            Bits.of(run, made -> {}).requireSame(with);
        }
    }

    /** In 0.2.0 stages had no loss without gradient. */
    @Test
    void aModelThatCannotBeEvaluatedIsRefusedAtStart() {
        String message = assertThrows(InputException.class, () -> Tiny.openValidated(SpoiledLosses::withoutStages,
                Tiny::threads, Tiny::sequences, UnaryOperator.identity(), words(EACH_STEP))).getMessage();
        assertTrue(message.contains("has no stages") && message.contains("validation.interval = 0"), message);
        try (TrainingRun run = Tiny.openOther(SpoiledLosses::withoutStages)) {
            run.step();
        }
    }

    @Test
    void validationWithoutDataIsRefused() {
        // The model cannot be opened: this is told before that is tried.
        String message = assertThrows(InputException.class,
                () -> Tiny.openOther(spec -> new Unopenable(spec, 0), "validation.interval=5")).getMessage();
        assertTrue(message.contains("validation.interval = 5") && message.contains("no data"), message);
    }

    /** Training needs more planned memory than a forward pass: only the buffers come on top, and nothing grows. */
    @Test
    void itsMemoryIsPlanned() {
        try (TrainingRun with = open(Tiny::sequences, EACH_STEP); TrainingRun without = Tiny.open()) {
            MemoryPlan plan = with.session().memoryPlan();
            Map<String, Long> added = new TreeMap<>(plan.byPurpose());
            without.session().memoryPlan().byPurpose()
                    .forEach((purpose, bytes) -> added.merge(purpose, -bytes, Long::sum));
            added.values().removeIf(bytes -> bytes == 0);
            // Ids, labels and losses of a microbatch.
            assertEquals(Map.of("evaluation", 3L * 2 * 16 * 4), added);
            assertEquals(1, Tiny.steps(with).stream().map(StepResult::memoryBytes).distinct().count());
        }
    }

    /** Asked to end in the middle of a validation, all ranks break it off, and the run ends and is saved. */
    @Test
    void aRunThatIsAskedToEndDoesNotFinishIt() {
        AtomicReference<TrainingRun> opened = new AtomicReference<>();
        Tiny.DataOf stopping = config -> (rank, read) -> {
            BatchSource all = Tiny.sequences(config).open(rank, read);
            return new BatchSource() {
                private int polled;

                @Override
                public Batch next() {
                    throw new IllegalStateException("validation asks with poll");
                }

                @Override
                public Optional<Batch> poll() {
                    polled++;
                    if (rank == 0 && polled == 3) {
                        opened.get().requestStop();
                    }
                    return all.poll();
                }
            };
        };
        try (TrainingRun run = Tiny.openValidated(UnaryOperator.identity(), Tiny::threads, stopping,
                options -> options.withOutput(folder), words("validation.interval=2 validation.steps=0"
                        + " checkpoint.enable=true checkpoint.interval=100"))) {
            opened.set(run);
            List<ValidationResult> validations = validations(run);
            assertEquals(2, run.stepsDone());
            assertEquals(1, validations.size());
            assertTrue(validations.getFirst().problem().orElseThrow().contains("broken off after 2 batches"),
                    validations.toString());
            assertEquals(2, run.lastSaved().orElseThrow().step());
            assertFalse(run.hasNext());
        }
    }

    @Test
    void aRunThatIsContinuedHasTheSameValidations() {
        List<Double> whole = losses("");
        List<Double> parts = new ArrayList<>();
        Path saved;
        try (TrainingRun run = open(Tiny::sequences, EACH_STEP)) {
            for (int i = 0; i < 3; i++) {
                run.step();
                parts.add(run.lastValidation().orElseThrow().loss());
            }
            saved = run.save(folder);
        }
        parts.addAll(losses("checkpoint.resume=" + saved));
        assertEquals(whole, parts);
    }

    /** Each pair of ranks has a session, a device and a rendezvous of its own, as in processes of their own. */
    @Test
    void ranksThatAreApartGiveTheSameBits() throws Exception {
        List<Double> threads = losses("");
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            Future<List<Double>> first = executor.submit(() -> apart(port, 0));
            Future<List<Double>> second = executor.submit(() -> apart(port, 2));
            assertEquals(threads, first.get());
            assertEquals(threads, second.get());
        }
    }

    private static List<Double> apart(int port, int first) {
        RankEnvironment environment = RankEnvironment.process("a test", 4, List.of(first, first + 1), first,
                new Endpoint("127.0.0.1", port));
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(), Duration.ofSeconds(30));
                TrainingRun run = Tiny.openValidated(UnaryOperator.identity(),
                        config -> new RankLaunch(4, environment.localRanks(), 0, rendezvous), Tiny::sequences,
                        UnaryOperator.identity(), words(EACH_STEP))) {
            return validations(run).stream().map(ValidationResult::loss).toList();
        }
    }
}
