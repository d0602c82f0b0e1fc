package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults that were reported of other data pipelines, tried here. Others of the same list are tested beside what they are about:
 * <ul>
 * <li>going on reads everything before again (huggingface/datasets 5454, pytorch/torchtune 2490): {@code StreamedSequencesTest}
 * <li>the order changes with the number of ranks (mosaicml/streaming 725): {@code StepBatchesTest}
 * <li>documents for validation are trained on (bigscience-workshop/Megatron-DeepSpeed 97): {@code StepBatchesTest}
 * <li>documents of one sequence see each other (huggingface/trl 784, huggingface/nanoVLM 201): {@code PackingTest}, and the tests of attention
 * <li>packed files give no text, or end early (huggingface/datasets 5088): {@code CompressionTest}
 * </ul>
 */
class PublicReportsTest {
    private static final int SEQUENCE = 11;
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        for (int file = 0; file < 3; file++) {
            StringBuilder text = new StringBuilder();
            // Files of very different sizes.
            for (int i = 0; i < 4 + 40 * file * file; i++) {
                text.append("{\"text\":\"").append(file).append('-').append(i).append("\"}\n");
            }
            Files.createDirectories(folder.resolve("s" + file));
            Files.writeString(folder.resolve("s" + file).resolve("x.jsonl"), text);
        }
    }

    /** pytorch/torchtitan 3907, KempnerInstitute/KempnerForge 57: the second time that a run goes on, it begins anew. */
    @Test
    void theSecondTimeGoesOnToo() {
        List<int[]> through = read(Optional.empty(), 0, 90);
        DataPosition first = after(Optional.empty(), 30);
        DataPosition second = after(Optional.of(first), 30);
        assertSame(through.subList(60, 90), read(Optional.of(second), 0, 30));
        assertEquals(second, after(Optional.of(second), 0), "nothing was read");
    }

    /** pytorch/torchtitan 1357 and 3008, huggingface/accelerate 2016: a run that goes on in the second epoch begins with the first file. */
    @Test
    void laterEpochsGoOn() {
        int epoch = read(Optional.empty(), 1, Integer.MAX_VALUE).size();
        List<int[]> through = read(Optional.empty(), 0, 4 * epoch);
        for (int at : new int[] {epoch - 1, epoch, epoch + 1, 2 * epoch, 3 * epoch + 5}) {
            assertSame(through.subList(at, at + 9), read(Optional.of(after(Optional.empty(), at)), 0, 9));
        }
    }

    /** pytorch/torchtitan 3008: a document that did not fit into a sequence is lost when the run stops there. */
    @Test
    void documentsAcrossABorderAreNotLost() {
        int count = read(Optional.empty(), 1, Integer.MAX_VALUE).size();
        List<int[]> one = new ArrayList<>();
        Optional<DataPosition> position = Optional.empty();
        for (int i = 0; i < count; i++) {
            one.addAll(read(position, 1, 1));
            position = Optional.of(after(position, 1));
        }
        assertSame(read(Optional.empty(), 1, Integer.MAX_VALUE), one);
    }

    /** PrimeIntellect-ai/prime-rl 3299, determined-ai/determined 6708: what was read ahead before the position was known is used, or counted. */
    @Test
    void readingAheadDoesNotMoveThePosition() {
        DataPosition position = after(Optional.empty(), 8);
        try (StepBatches batches = new StepBatches(open(Optional.of(position), 0),
                new StepBatches.Layout(2, Set.of(0, 1), 2), Packing.JOINED, StepBatches.Ending.FAILS)) {
            assertEquals(position, batches.current().position());
            batches.next(0);
            batches.next(1);
            assertEquals(after(Optional.of(position), 4), batches.current().position());
        }
    }

    /** Lightning-AI/pytorch-lightning 20404, huggingface/datasets 6437: ranks have shards of different sizes, and wait for each other at the end. */
    @Test
    void allRanksEndInTheSameStep() {
        try (StepBatches batches = new StepBatches(open(Optional.empty(), 1),
                new StepBatches.Layout(3, Set.of(0, 1, 2), 2), Packing.JOINED, StepBatches.Ending.IS_FILLED)) {
            int steps = 0;
            while (batches.poll(0).isPresent()) {
                assertTrue(batches.poll(1).isPresent() && batches.poll(2).isPresent(), "step " + steps);
                steps++;
            }
            assertFalse(batches.poll(1).isPresent() || batches.poll(2).isPresent());
            assertTrue(steps > 5, steps + " steps");
        }
    }

    /** NVIDIA/Megatron-LM 705: a weight close to 0 makes its source give more than it has. */
    @Test
    void extremeWeightsHold() {
        List<DataSource> sources = List.of(source(0, 0.999, 0), source(1, 0.001, 0), source(2, 1e-12, 0));
        try (MixedSequences mixed = TrainingData.training(sources, options(), TOKENIZER, Optional.empty())) {
            int[] window = new int[SEQUENCE + 1];
            for (int i = 0; i < 3000; i++) {
                assertTrue(mixed.poll(window));
            }
            List<Long> passed = mixed.progress().stream().map(SourceProgress::sequences).toList();
            assertEquals(3000, passed.stream().mapToLong(Long::longValue).sum());
            assertTrue(Math.abs(passed.get(1) - 3) <= 1 && passed.get(2) <= 1, passed.toString());
        }
    }

    /** NVIDIA/Megatron-LM 457: with other weights, a run that goes on loses and repeats samples. */
    @Test
    void otherWeightsNeitherLoseNorRepeat() {
        List<DataSource> even = List.of(source(1, 1, 1), source(2, 1, 1));
        List<DataSource> uneven = List.of(source(1, 1, 1), source(2, 5, 1));
        List<int[]> found = new ArrayList<>();
        DataPosition position;
        int[] window = new int[SEQUENCE + 1];
        try (MixedSequences mixed = TrainingData.training(even, options(), TOKENIZER, Optional.empty())) {
            for (int i = 0; i < 20 && mixed.poll(window); i++) {
                found.add(window.clone());
            }
            position = mixed.position();
        }
        try (MixedSequences mixed = TrainingData.training(uneven, options(), TOKENIZER, Optional.of(position))) {
            for (int i = 0; i < 12; i++) {
                assertTrue(mixed.poll(window));
                found.add(window.clone());
            }
            long second = mixed.progress().get(1).sequences();
            assertTrue(second >= 19 && second <= 21, "ten of twenty, and then ten of twelve: " + second);
            while (mixed.poll(window)) {
                found.add(window.clone());
            }
        }
        try (MixedSequences mixed = TrainingData.training(even, options(), TOKENIZER, Optional.empty())) {
            List<int[]> all = new ArrayList<>();
            while (mixed.poll(window)) {
                all.add(window.clone());
            }
            assertEquals(sorted(all), sorted(found));
        }
    }

    /** huggingface/datasets 7955 and 5812: when the first source ends, the rest of others is lost, or repeated. */
    @Test
    void everySourceIsReadToItsEnd() {
        Set<String> documents = new HashSet<>();
        StringBuilder text = new StringBuilder();
        List<DataSource> sources = List.of(source(0, 1, 1), source(1, 1, 1), source(2, 1, 1));
        DataOptions whole = new DataOptions(CorpusOptions.DEFAULT, 9000, 1, 100, 0, ChangedData.FAIL);
        try (MixedSequences mixed = TrainingData.training(sources, whole, TOKENIZER, Optional.empty())) {
            int[] window = new int[9001];
            while (mixed.poll(window)) {
                for (int token : window) {
                    int id = MarkedToken.id(token);
                    text.append(id == TOKENIZER.endToken() ? '\n' : (char) id);
                }
            }
        }
        text.toString().lines().filter(line -> !line.isEmpty())
                .forEach(line -> assertTrue(documents.add(line), line + " is there twice"));
        assertEquals(4 + 44 + 164, documents.size());
    }

    /** mlfoundations/open_lm 195: a file that several patterns match is read several times. */
    @Test
    void aFileIsReadOnce() throws IOException {
        Files.copy(folder.resolve("s0/x.jsonl"), folder.resolve("s0/x.json"));
        assertEquals(2, Corpus.open(Optional.of(folder.resolve("s0"))).files().size());
    }

    /** mosaicml/streaming 749: without shuffling, the order differs from epoch to epoch. */
    @Test
    void validationHasTheSameOrderEachTime() {
        List<int[]> first = once();
        assertFalse(first.isEmpty());
        assertSame(first, once());
    }

    private List<int[]> once() {
        List<int[]> all = new ArrayList<>();
        try (MixedSequences mixed = TrainingData.once(List.of(source(1, 1, 1)), options(), TOKENIZER, false)) {
            int[] window = new int[SEQUENCE + 1];
            while (mixed.poll(window)) {
                all.add(window.clone());
            }
        }
        return all;
    }

    private List<int[]> read(Optional<DataPosition> position, long epochs, int most) {
        List<int[]> all = new ArrayList<>();
        try (MixedSequences mixed = open(position, epochs)) {
            int[] window = new int[SEQUENCE + 1];
            while (all.size() < most && mixed.poll(window)) {
                all.add(window.clone());
            }
        }
        return all;
    }

    private DataPosition after(Optional<DataPosition> position, int count) {
        try (MixedSequences mixed = open(position, 0)) {
            assertEquals(count, mixed.skip(count));
            return mixed.position();
        }
    }

    private MixedSequences open(Optional<DataPosition> position, long epochs) {
        return TrainingData.training(List.of(new DataSource("all", Optional.of(folder), 1, epochs)), options(),
                TOKENIZER,
                position);
    }

    private DataSource source(int number, double weight, long epochs) {
        return new DataSource("s" + number, Optional.of(folder.resolve("s" + number)), weight, epochs);
    }

    private static DataOptions options() {
        return new DataOptions(CorpusOptions.DEFAULT, SEQUENCE, 1, 100, 0, ChangedData.FAIL);
    }

    private static void assertSame(List<int[]> expected, List<int[]> found) {
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i), "sequence " + i);
        }
    }

    private static List<String> sorted(List<int[]> sequences) {
        return sequences.stream().map(Arrays::toString).sorted().toList();
    }
}
