package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches of mixtures: their order for any number of ranks, their shares, their ends, and what is kept for validation. */
class StepBatchesTest {
    private static final int SEQUENCE = 9;
    /** Longer than a source, so that no document is cut. */
    private static final int WHOLE = 8000;
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();
    private static final Packing PACKING = new Packing(true, false);

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        for (String source : List.of("web", "code", "math")) {
            Files.createDirectories(folder.resolve(source));
            for (int file = 0; file < 5; file++) {
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < 30; i++) {
                    text.append("{\"text\":\"").append(source.charAt(0)).append(file).append(" document ").append(i)
                            .append("\"}\n");
                }
                Files.writeString(folder.resolve(source).resolve(file + ".jsonl"), text);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 12", "2, 6", "3, 4", "6, 2", "12, 1"})
    void theOrderIsTheSameForAnyNumberOfRanks(int ranks, int batch) {
        List<int[]> expected = sequences(read(1, 12, 20, Optional.empty()));
        assertSameSequences(expected, sequences(read(ranks, batch, 20, Optional.empty())));
    }

    @Test
    void eachProcessReadsTheSequencesOfItsRanks() {
        List<int[]> expected = sequences(read(1, 12, 20, Optional.empty()));
        List<int[]> apart = new ArrayList<>();
        try (StepBatches first = open(4, 3, Set.of(0, 1), Optional.empty());
                StepBatches second = open(4, 3, Set.of(2, 3), Optional.empty())) {
            for (int step = 0; step < 20; step++) {
                for (int rank = 0; rank < 4; rank++) {
                    apart.addAll(split((rank < 2 ? first : second).next(rank)));
                }
                assertEquals(first.current().position(), second.current().position());
            }
        }
        assertSameSequences(expected, apart);
    }

    @Test
    void goingOnIsTheSameTwiceInARowOnOtherNumbersOfRanks() {
        List<int[]> expected = sequences(read(1, 12, 120, Optional.empty()));
        List<int[]> found = new ArrayList<>();
        Optional<DataPosition> position = Optional.empty();
        for (int ranks : new int[] {1, 4, 2, 3, 12, 6}) {
            try (StepBatches batches = open(ranks, 12 / ranks, all(ranks), position)) {
                for (int step = 0; step < 20; step++) {
                    for (int rank = 0; rank < ranks; rank++) {
                        found.addAll(split(batches.next(rank)));
                    }
                }
                position = Optional.of(batches.current().position());
            }
        }
        assertSameSequences(expected, found);
    }

    @Test
    void everyPlaceHasItsShareOfEachSource() {
        double[] shares = {0.3, 0.1, 0.6};
        try (MixedSequences mixed = TrainingData.training(sources(), options(0), TOKENIZER, Optional.empty())) {
            int[] window = new int[SEQUENCE + 1];
            for (int n = 1; n <= 1000; n++) {
                assertTrue(mixed.poll(window));
                for (int i = 0; i < 3; i++) {
                    double off = Math.abs(mixed.progress().get(i).sequences() - shares[i] * n);
                    assertTrue(off <= 0.75 + 1e-9, "source " + i + " is off by " + off + " after " + n);
                }
            }
        }
    }

    @Test
    void sourcesThatAreUsedUpLeaveTheirPartToOthersAndThenTheDataEnds() {
        List<DataSource> sources = List.of(source("code", 3, 1), source("math", 1, 2), source("web", 6, 1));
        long whole = 0;
        try (MixedSequences mixed = TrainingData.training(sources, options(0), TOKENIZER, Optional.empty())) {
            int[] window = new int[SEQUENCE + 1];
            while (mixed.poll(window)) {
                whole++;
            }
            assertEquals(List.of(1L, 2L, 1L), mixed.progress().stream().map(SourceProgress::epoch).toList());
            List<Long> passed = mixed.progress().stream().map(SourceProgress::sequences).toList();
            assertEquals(passed.getFirst(), passed.getLast());
            assertEquals(2 * passed.getFirst(), passed.get(1));
            assertFalse(mixed.poll(window));
        }
        int batch = 7;
        try (StepBatches batches = new StepBatches(
                TrainingData.training(sources, options(0), TOKENIZER, Optional.empty()),
                new StepBatches.Layout(1, Set.of(0), batch), PACKING, StepBatches.Ending.FAILS)) {
            for (int step = 0; step < whole / batch; step++) {
                batches.next(0);
            }
            DataPosition last = batches.current().position();
            InputException e = assertThrows(InputException.class, () -> batches.next(0));
            assertTrue(e.getMessage().startsWith("the data is used up: code gave "), e.getMessage());
            assertSame(e, assertThrows(InputException.class, () -> batches.next(0)), "again, and for every rank");
            assertEquals(last, batches.current().position(), "where a checkpoint goes on");
        }
    }

    @Test
    void validationReadsEachDocumentOnceAndFillsItsLastStep() {
        List<DataSource> sources = List.of(source("code", 1, 1));
        long documents = 0;
        long labels = 0;
        long steps = 0;
        try (StepBatches batches = new StepBatches(TrainingData.once(sources, options(0), TOKENIZER, false),
                new StepBatches.Layout(2, Set.of(0, 1), 4), PACKING, StepBatches.Ending.IS_FILLED)) {
            for (Optional<SequenceBatch> batch = batches.poll(0); batch.isPresent(); batch = batches.poll(0)) {
                SequenceBatch other = batches.poll(1).orElseThrow();
                steps++;
                for (SequenceBatch each : List.of(batch.get(), other)) {
                    documents += Arrays.stream(each.labels_T()).filter(label -> label == TOKENIZER.endToken()).count();
                    labels += Arrays.stream(each.labels_T()).filter(label -> label != SequenceBatch.IGNORED).count();
                }
            }
            assertEquals(Optional.empty(), batches.poll(1));
            assertEquals(Optional.empty(), batches.poll(0));
        }
        // Of 150 documents, about a tenth ends where the label is the first token of a sequence. None is read twice.
        assertTrue(steps > 1 && documents > 120 && documents <= 150, steps + " steps, " + documents + " documents");
        assertTrue(labels < 150 * 15, labels + " labels");
    }

    @Test
    void validationAndTrainingNeverMeet() throws IOException {
        // A document that is there twice is on one side.
        Files.copy(folder.resolve("web/1.jsonl"), folder.resolve("math/copy.jsonl"));
        List<DataSource> sources = List.of(source("math", 1, 1), source("web", 1, 1));
        Set<String> all = texts(TrainingData.once(sources, options(0.2), TOKENIZER, false));
        Set<String> validation = texts(TrainingData.once(sources, options(0.2), TOKENIZER, true));
        Set<String> training = texts(TrainingData.training(sources, options(0.2), TOKENIZER, Optional.empty()));
        assertEquals(300, all.size());
        assertTrue(validation.size() > 25 && validation.size() < 110, validation.size() + " of " + all.size());
        Set<String> both = new HashSet<>(validation);
        both.retainAll(training);
        assertEquals(Set.of(), both);
        training.addAll(validation);
        assertEquals(all, training);
        List<DataSource> seconds = List.of(source("math", 1, 2), source("web", 1, 2));
        DataOptions otherSeed = new DataOptions(CorpusOptions.DEFAULT, WHOLE - 7, 77, 500, 0.2, ChangedData.FAIL);
        Set<String> later = texts(TrainingData.training(seconds, otherSeed, TOKENIZER, Optional.empty()));
        both.addAll(validation);
        both.retainAll(later);
        assertEquals(Set.of(), both, "in another epoch, with another seed and length");
    }

    @Test
    void otherFilesAreFoundWhenARunIsContinued() throws IOException {
        DataPosition position = afterOneBatch();
        Files.writeString(folder.resolve("code/new.jsonl"), "{\"text\":\"new\"}\n");
        InputException e = assertThrows(InputException.class, () -> open(1, 5, Set.of(0), Optional.of(position)));
        assertTrue(e.getMessage().contains("the data source \"code\"")
                && e.getMessage().contains("it had 5 files of") && e.getMessage().contains("data.on_changed"),
                e.getMessage());
        DataOptions restart = new DataOptions(CorpusOptions.DEFAULT, SEQUENCE, 4, 100, 0, ChangedData.RESTART);
        try (MixedSequences mixed = TrainingData.training(sources(), restart, TOKENIZER, Optional.of(position))) {
            assertEquals(List.of(2L, 1L, 1L), mixed.progress().stream().map(SourceProgress::epoch).toList());
            assertTrue(mixed.poll(new int[SEQUENCE + 1]));
        }
        Files.delete(folder.resolve("code/new.jsonl"));
        Files.setLastModifiedTime(folder.resolve("code/1.jsonl"), FileTime.fromMillis(1));
        open(1, 5, Set.of(0), Optional.of(position)).close();
        for (String change : List.of("longer", "renamed", "gone", "other text of the same size")) {
            Path file = folder.resolve("web/2.jsonl");
            byte[] before = Files.readAllBytes(file);
            switch (change) {
                case "longer" -> Files.writeString(file, "{\"text\":\"x\"}\n".repeat(99));
                case "renamed" -> Files.move(file, folder.resolve("web/9.jsonl"));
                case "gone" -> Files.delete(file);
                default -> Files.writeString(file, Files.readString(file).replace('e', 'a'));
            }
            assertThrows(InputException.class, () -> open(1, 5, Set.of(0), Optional.of(position)), change);
            Files.deleteIfExists(folder.resolve("web/9.jsonl"));
            Files.write(file, before);
        }
        open(1, 5, Set.of(0), Optional.of(position)).close();
    }

    @Test
    void otherTextOfTheSameSizeIsToldAndEarlierPositionsAreReadWithoutTheComparison() throws IOException {
        DataPosition position = afterOneBatch();
        Path file = folder.resolve("web/2.jsonl");
        Files.writeString(file, Files.readString(file).replace('e', 'a'));
        InputException e = assertThrows(InputException.class, () -> open(1, 5, Set.of(0), Optional.of(position)));
        assertTrue(e.getMessage().contains("the data source \"web\"")
                && e.getMessage().contains("are the same, and what is in them is not")
                && e.getMessage().contains("data.on_changed"), e.getMessage());
        DataPosition earlier = new DataPosition(position.sequenceTokens(), position.sources().stream().map(part -> {
            Map<String, String> values = new HashMap<>(part.position().values());
            values.remove("contents");
            return new DataPosition.Part(
                    new SourcePosition(part.position().source(), part.position().kind(), values), part.weight(),
                    part.taken(), part.usedUp());
        }).toList());
        open(1, 5, Set.of(0), Optional.of(earlier)).close();
    }

    private DataPosition afterOneBatch() {
        try (StepBatches batches = open(1, 5, Set.of(0), Optional.empty())) {
            batches.next(0);
            return batches.current().position();
        }
    }

    private StepBatches open(int ranks, int batch, Set<Integer> local, Optional<DataPosition> position) {
        return new StepBatches(TrainingData.training(sources(), options(0), TOKENIZER, position),
                new StepBatches.Layout(ranks, local, batch), PACKING, StepBatches.Ending.FAILS);
    }

    private List<SequenceBatch> read(int ranks, int batch, int steps, Optional<DataPosition> position) {
        List<SequenceBatch> all = new ArrayList<>();
        try (StepBatches batches = open(ranks, batch, all(ranks), position)) {
            for (int step = 0; step < steps; step++) {
                for (int rank = 0; rank < ranks; rank++) {
                    all.add(batches.next(rank));
                }
            }
        }
        return all;
    }

    private List<DataSource> sources() {
        return List.of(source("code", 3, 0), source("math", 1, 0), source("web", 6, 0));
    }

    private DataSource source(String name, double weight, long epochs) {
        return new DataSource(name, Optional.of(folder.resolve(name)), weight, epochs);
    }

    private static DataOptions options(double split) {
        return new DataOptions(CorpusOptions.DEFAULT, split > 0 ? WHOLE : SEQUENCE, 4, 100, split, ChangedData.FAIL);
    }

    private static Set<Integer> all(int ranks) {
        return IntStream.range(0, ranks).boxed().collect(Collectors.toSet());
    }

    /** Ids, labels and starts of each sequence. */
    private static List<int[]> sequences(List<SequenceBatch> batches) {
        return batches.stream().flatMap(batch -> split(batch).stream()).toList();
    }

    private static List<int[]> split(SequenceBatch batch) {
        List<int[]> sequences = new ArrayList<>();
        for (int from = 0; from < batch.ids_T().length; from += SEQUENCE) {
            int[] sequence = new int[3 * SEQUENCE];
            System.arraycopy(batch.ids_T(), from, sequence, 0, SEQUENCE);
            System.arraycopy(batch.labels_T(), from, sequence, SEQUENCE, SEQUENCE);
            System.arraycopy(batch.starts_T().orElseThrow(), from, sequence, 2 * SEQUENCE, SEQUENCE);
            sequences.add(sequence);
        }
        return sequences;
    }

    private static void assertSameSequences(List<int[]> expected, List<int[]> found) {
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i), "sequence " + i);
        }
    }

    /** All documents. */
    private static Set<String> texts(MixedSequences mixed) {
        StringBuilder text = new StringBuilder();
        try (mixed) {
            int[] window = new int[mixed.sequenceTokens() + 1];
            while (mixed.poll(window)) {
                for (int token : window) {
                    int id = MarkedToken.id(token);
                    text.append(id == TOKENIZER.endToken() ? '\n' : (char) id);
                }
                text.append('\n');
            }
        }
        return text.toString().lines().filter(line -> line.matches("[cmw][0-9] document [0-9]+"))
                .collect(Collectors.toCollection(HashSet::new));
    }
}
