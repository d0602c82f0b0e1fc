package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.data.BatchReader.Batch;
import io.moe4j.data.BatchReader.Share;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sequences of ranks, against the text that they come from. */
class BatchReaderTest {
    private static final int SEQUENCE = 7;
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();

    @TempDir
    private Path folder;
    private long tokens;

    @BeforeEach
    void write() throws IOException {
        Random random = new Random(5);
        Files.createDirectories(folder.resolve("sub"));
        for (String name : List.of("b.txt", "a.md", "sub/c", "d.jsonl", "empty.txt")) {
            StringBuilder text = new StringBuilder();
            int lines = name.startsWith("empty") ? 0 : 1 + random.nextInt(40);
            for (int i = 0; i < lines; i++) {
                String line = "line " + i + " of " + name + ", " + random.nextLong();
                boolean json = name.endsWith("jsonl");
                text.append(json ? "{\"text\": \"" + line + "\"}\n" : line + "\n");
                tokens += line.length() + 1;
            }
            tokens += lines > 0 && !name.endsWith("jsonl") ? 1 : 0;
            Files.writeString(folder.resolve(name), text);
        }
        Files.writeString(folder.resolve(".hidden"), "not read");
    }

    @Test
    void anEpochHasEveryTokenOnce() {
        int[] counts = new int[TOKENIZER.vocabulary()];
        try (TokenStream stream = new TokenStream(corpus().sources(), TOKENIZER, new Reading(BadLines.FAIL, false))) {
            int[] one = new int[1];
            while (stream.read(one, 0, 1) > 0) {
                counts[one[0]]++;
            }
        }
        assertEquals(tokens, Arrays.stream(counts).asLongStream().sum());
        long sequences = sequences();
        for (int blockSequences : new int[] {1, 3, 1000}) {
            int[] seen = new int[TOKENIZER.vocabulary()];
            try (SequenceReader reader = new SequenceReader(corpus(), TOKENIZER, SEQUENCE + 1, 3, false,
                    blockSequences)) {
                for (long i = 0; i < 2 * sequences; i++) {
                    int[] sequence = new int[SEQUENCE + 1];
                    reader.next(sequence);
                    Arrays.stream(sequence).forEach(token -> seen[token]++);
                }
            }
            long padding = sequences * (SEQUENCE + 1) - tokens;
            int[] expected = Arrays.stream(counts).map(count -> 2 * count).toArray();
            expected[TOKENIZER.endToken()] += 2 * (int) padding;
            assertArrayEquals(expected, seen, "two epochs in blocks of " + blockSequences);
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "4, 1", "4, 3", "3, 2"})
    void ranksShareTheSameStream(int ranks, int batch) {
        int steps = (int) (3 * sequences() / ((long) ranks * batch));
        List<Batch> whole = read(new Share(0, 1, ranks * batch, SEQUENCE), steps);
        for (int rank = 0; rank < ranks; rank++) {
            List<Batch> part = read(new Share(rank, ranks, batch, SEQUENCE), steps);
            for (int step = 0; step < steps; step++) {
                int from = rank * batch * SEQUENCE;
                int to = from + batch * SEQUENCE;
                assertArrayEquals(Arrays.copyOfRange(whole.get(step).ids(), from, to), part.get(step).ids());
                assertArrayEquals(Arrays.copyOfRange(whole.get(step).labels(), from, to), part.get(step).labels());
            }
        }
    }

    @Test
    void noTwoRanksReadTheSame() {
        Set<List<Integer>> all = new HashSet<>();
        int longer = 31;
        int steps = (int) (tokens / (longer + 1) / 4);
        for (int rank = 0; rank < 4; rank++) {
            for (Batch batch : read(new Share(rank, 4, 1, longer), steps)) {
                all.add(Arrays.stream(batch.ids()).boxed().toList());
            }
        }
        assertEquals(4L * steps, all.size(), "lines have random numbers, so that no two long sequences are equal");
    }

    @Test
    void labelsFollowIds() {
        for (Batch batch : read(new Share(0, 1, 2, SEQUENCE), 20)) {
            for (int i = 0; i < 2 * SEQUENCE; i++) {
                if (i % SEQUENCE != SEQUENCE - 1) {
                    assertEquals(batch.ids()[i + 1], batch.labels()[i]);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 50, 400, 1000})
    void continuingIsTheSameAsNotStopping(int stop) {
        Share share = new Share(1, 2, 1, SEQUENCE);
        List<Batch> through = read(share, stop + 30);
        try (BatchReader reader = new BatchReader(corpus(), TOKENIZER, share, 3)) {
            reader.next();
            reader.seek(2L * stop);
            for (int step = stop; step < stop + 30; step++) {
                assertArrayEquals(through.get(step).ids(), reader.next().ids(), "step " + step);
            }
        }
    }

    @Test
    void epochsAndSeedsHaveOrdersOfTheirOwn() {
        int epoch = (int) sequences();
        List<Batch> twice = read(new Share(0, 1, 1, SEQUENCE), 2 * epoch);
        assertFalse(Arrays.equals(twice.get(0).ids(), twice.get(epoch).ids())
                && Arrays.equals(twice.get(1).ids(), twice.get(epoch + 1).ids()));
        try (BatchReader reader = new BatchReader(corpus(), TOKENIZER, new Share(0, 1, 8, SEQUENCE), 4)) {
            assertNotEquals(Arrays.toString(read(new Share(0, 1, 8, SEQUENCE), 1).getFirst().ids()),
                    Arrays.toString(reader.next().ids()));
        }
    }

    private List<Batch> read(Share share, int steps) {
        List<Batch> batches = new ArrayList<>();
        try (BatchReader reader = new BatchReader(corpus(), TOKENIZER, share, 3)) {
            for (int step = 0; step < steps; step++) {
                batches.add(reader.next());
            }
        }
        return batches;
    }

    private long sequences() {
        return Math.ceilDiv(tokens, SEQUENCE + 1);
    }

    private Corpus corpus() {
        return Corpus.open(Optional.of(folder));
    }
}
