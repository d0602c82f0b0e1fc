package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.step.DigestReport.Entry;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DigestReportTest {

    @Test
    void reportsComeBackAsTheyWere() {
        DigestReport report = new DigestReport(List.of(new Entry("step", 0, 7), new Entry("größte", 3, -1)));
        byte[] encoded = report.encode();
        assertEquals(report, DigestReport.decode(encoded));
        assertThrows(UncheckedIOException.class,
                () -> DigestReport.decode(Arrays.copyOf(encoded, encoded.length - 1)));
    }

    @Test
    void copiesOfDifferentGroupsAreNotCompared() {
        assertEquals(Optional.empty(), DigestReport.differences(List.of(of("parameters", 0, 5),
                of("parameters", 1, 6), of("parameters", 0, 5), of("parameters", 1, 6))));
    }

    @Test
    void theRankThatDiffersFromMostIsNamed() {
        assertEquals(Optional.of("bias: rank 2 differs from ranks 0, 1 and 3"), differences(5, 5, 6, 5));
        assertEquals(Optional.of("bias: ranks 1 and 3 differ from ranks 0, 2 and 4"), differences(5, 6, 5, 7, 5));
        assertEquals(Optional.of("bias: these differ: rank 0; rank 1; which are right cannot be told"),
                differences(5, 6));
    }

    @Test
    void aMessageOfManyDifferencesIsShort() {
        List<Entry> first = IntStream.range(0, 100).mapToObj(i -> new Entry("unit " + i, 0, 1)).toList();
        List<Entry> second = IntStream.range(0, 100).mapToObj(i -> new Entry("unit " + i, 0, 2)).toList();
        String message = DigestReport.differences(List.of(new DigestReport(first), new DigestReport(second)))
                .orElseThrow();
        assertTrue(message.endsWith("; and 92 more") && message.contains("unit 7:") && !message.contains("unit 8:"));
    }

    private static Optional<String> differences(long... byRank) {
        return DigestReport.differences(LongStream.of(byRank).mapToObj(digest -> of("bias", 0, digest)).toList());
    }

    private static DigestReport of(String what, int group, long digest) {
        return new DigestReport(List.of(new Entry("step", 0, 7), new Entry(what, group, digest)));
    }
}
