package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.DataException;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that share a sequence train as if each had a sequence of its own. */
final class DocumentsTest {
    private static final int LENGTH = 16;
    private static final String APART = "data.document_boundaries=true training.steps=3 training.local_batch_size=1"
            + " training.gradient_accumulation_steps=2 training.seq_len=32";

    /** The tokens of {@link Tiny#sequences}, with starts. */
    static Tiny.DataOf withStarts(UnaryOperator<Batch> change) {
        return config -> {
            BatchSource.Factory plain = Tiny.sequences(config);
            return (rank, read) -> {
                BatchSource source = plain.open(rank, read);
                return () -> change.apply(source.next());
            };
        };
    }

    /**
     * Two documents of 16 tokens in a sequence of 32 are the same tokens, in the same order, as two sequences of 16: all products have the same shapes, and
     * attention computes each document by itself, so that the bits are the same, step by step.
     */
    @ParameterizedTest
    @CsvSource({"deepseek_v3, graph_capture.enable=true", "qwen3_moe, graph_capture.enable=true",
            "deepseek_v3, graph_capture.enable=false", "qwen3_moe, graph_capture.enable=false",
            "deepseek_v3, model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none",
            "qwen3_moe, runtime.strict=true"})
    void twoInASequenceAreTwoSequences(String family, String how) {
        Tiny.DataOf halves = config -> {
            // Sequences of 16, two for each one of 32.
            BatchSource.Factory plain = Tiny.sequences(config.withTraining(
                    config.training().withSeqLen(LENGTH).withLocalBatchSize(2)));
            return (rank, read) -> {
                BatchSource source = plain.open(rank, 2 * read);
                return () -> {
                    Batch batch = source.next();
                    int[] starts = new int[batch.tokens()];
                    for (int t = 0; t < starts.length; t++) {
                        starts[t] = t % (2 * LENGTH) / LENGTH * LENGTH;
                    }
                    return new Batch(batch.ids_T(), batch.labels_T(), Optional.of(starts));
                };
            };
        };
        try (TrainingRun packed = Tiny.openOther(family(family), halves, Tiny.words(APART, how));
                TrainingRun single = Tiny.openOther(family(family), Tiny::sequences,
                        Tiny.words(APART,
                                "data.document_boundaries=false training.seq_len=16 training.local_batch_size=2",
                                how))) {
            List<StepResult> expected = Tiny.steps(single);
            List<StepResult> found = Tiny.steps(packed);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).loss(), found.get(i).loss(), "loss of step " + (i + 1));
                assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(), "norm of step " + (i + 1));
                assertEquals(0, how.contains("enable=false") ? 0 : found.get(i).hostSyncs());
            }
            assertEquals(Arrays.toString(single.tensors().read("model.embed_tokens.weight").values()),
                    Arrays.toString(packed.tensors().read("model.embed_tokens.weight").values()));
        }
    }

    /** Starts of documents are inputs: one graph serves all batches, each with other boundaries, and gives the bits of eager steps. */
    @ParameterizedTest
    @ValueSource(strings = {"graph_capture.enable=false", "runtime.strict=true",
            "activation_checkpoint.mode=none model.moe_comm_backend=standard graph_capture.enable=false"})
    void anyBoundariesGiveTheSameBits(String overrides) {
        Tiny.DataOf data = withStarts(DocumentsTest::random);
        try (TrainingRun captured = Tiny.open(data, Tiny.words(APART));
                TrainingRun other = Tiny.open(data, Tiny.words(APART, overrides));
                TrainingRun across = Tiny.open(withStarts(DocumentsTest::withoutStarts), Tiny.words(APART))) {
            List<Double> losses = Tiny.losses(captured);
            assertEquals(losses, Tiny.losses(other));
            assertNotEquals(losses, Tiny.losses(across), "boundaries that change nothing would show nothing");
        }
    }

    /** With boundaries on, a batch without starts has one document in each sequence. */
    @Test
    void withoutStartsASequenceIsOneDocument() {
        try (TrainingRun on = Tiny.open(withStarts(DocumentsTest::withoutStarts), Tiny.words(APART));
                TrainingRun off = Tiny.open(withStarts(DocumentsTest::withoutStarts),
                        Tiny.words(APART, "data.document_boundaries=false"))) {
            assertEquals(Tiny.losses(off), Tiny.losses(on));
        }
    }

    /**
     * The loss of a document does not depend on what an earlier one says, not even in the last bit: routing is round-robin, so that experts have the same rows,
     * and only labels of the later document count.
     */
    @Test
    void anEarlierDocumentDoesNotShow() {
        assertEquals(firstLoss(0), firstLoss(13));
        assertTrue(firstLoss(0) > 0);
    }

    private static double firstLoss(int shift) {
        Tiny.DataOf data = withStarts(batch -> {
            int[] ids = batch.ids_T().clone();
            int[] labels = batch.labels_T().clone();
            int[] starts = new int[ids.length];
            for (int t = 0; t < ids.length; t++) {
                if (t % 32 < 11) {
                    ids[t] = (ids[t] + shift) % 61;
                    labels[t] = LossOps.IGNORED_LABEL;
                } else {
                    starts[t] = 11;
                }
            }
            return new Batch(ids, labels, Optional.of(starts));
        });
        try (TrainingRun run = Tiny.open(data, Tiny.words(APART, "moe.force_load_balance=true"))) {
            return run.step().loss();
        }
    }

    @Test
    void startsThatAreNoneAreRefused() {
        assertTrue(
                refusal(APART, 32, 3).contains("token 3 of sequence 1 of the batch says that its document begins at 2"
                        + ": it begins at 0 like that of the token before it, or at 3"),
                refusal(APART, 32, 3));
        assertTrue(refusal(APART, 32, 0).contains("begins at 2: it begins at 0, like each sequence"),
                refusal(APART, 32, 0));
        String off = refusal("training.seq_len=32", 32, 5);
        assertTrue(off.contains("data.document_boundaries is false: set it to true"), off);
    }

    private static String refusal(String overrides, int length, int place) {
        Tiny.DataOf data = withStarts(batch -> {
            int[] starts = new int[batch.tokens()];
            starts[length + place] = 2;
            return new Batch(batch.ids_T(), batch.labels_T(), Optional.of(starts));
        });
        try (TrainingRun run = Tiny.open(data, Tiny.words(overrides))) {
            return String.valueOf(assertThrows(DataException.class, run::step).getMessage());
        }
    }

    private static Batch withoutStarts(Batch batch) {
        return new Batch(batch.ids_T(), batch.labels_T());
    }

    /** Documents of 6 tokens on average, different in each batch. */
    static Batch random(Batch batch) {
        Random random = new Random(Arrays.hashCode(batch.ids_T()));
        int[] starts = new int[batch.tokens()];
        for (int t = 0; t < starts.length; t++) {
            int s = t % 32;
            starts[t] = s == 0 || random.nextInt(6) == 0 ? s : starts[t - 1];
        }
        return new Batch(batch.ids_T(), batch.labels_T(), Optional.of(starts));
    }

    private static UnaryOperator<ModelSpec> family(String name) {
        return name.equals("deepseek_v3") ? UnaryOperator.identity() : Tiny::qwen;
    }
}
