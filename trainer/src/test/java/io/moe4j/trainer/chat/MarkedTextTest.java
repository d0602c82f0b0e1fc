package io.moe4j.trainer.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MarkedTextTest {
    private static final Marks MARKS = Marks.notIn("").orElseThrow();

    @Test
    void theExampleOfItsDescription() {
        MarkedText read = MARKS.read("Hi" + MARKS.of(0) + " you" + MARKS.of(1) + "!");
        assertEquals("Hi you!", read.text());
        assertEquals(7, read.length());
        assertEquals(2, read.place(0));
        assertEquals(6, read.place(1));
        assertEquals(-1, read.place(2));
        assertEquals("you!", read.from(3));
        assertEquals("!", read.from(6));
        assertEquals("", read.from(7));
    }

    /** Beside a reading that copies character by character: any order, marks that occur twice, at one place, at the ends, and parts of marks. */
    @Test
    void itReadsAsCharacterByCharacter() {
        Random random = new Random(7);
        for (int round = 0; round < 2000; round++) {
            StringBuilder marked = new StringBuilder();
            StringBuilder text = new StringBuilder();
            Map<Integer, Integer> places = new TreeMap<>();
            Map<Integer, Integer> counts = new HashMap<>();
            for (int piece = random.nextInt(12); piece > 0; piece--) {
                String mark = MARKS.of(random.nextInt(1 << random.nextInt(1, 24)));
                switch (random.nextInt(5)) {
                    case 0 -> {
                        // Not whole, so that it is text.
                        String part = mark.substring(0, mark.length() - 1) + "x";
                        marked.append(part);
                        text.append(part);
                    }
                    case 1 -> {
                        marked.append("é b");
                        text.append("é b");
                    }
                    default -> {
                        int number = MARKS.read(mark).numbers().findFirst().orElseThrow();
                        marked.append(mark);
                        places.put(number, text.length());
                        counts.merge(number, 1, Integer::sum);
                    }
                }
            }
            places.keySet().removeIf(number -> counts.getOrDefault(number, 0) > 1);
            MarkedText read = MARKS.read(marked.toString());
            assertEquals(text.toString(), read.text());
            assertEquals(text.length(), read.length());
            assertEquals(List.copyOf(places.keySet()), read.numbers().boxed().toList());
            places.forEach((number, place) -> assertEquals(place, read.place(number)));
            for (int from = 0; from <= text.length(); from++) {
                assertEquals(text.substring(from), read.from(from));
            }
            int odd = places.entrySet().stream().filter(each -> each.getKey() % 2 == 1)
                    .max(Map.Entry.<Integer, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .map(Map.Entry::getKey).orElse(-1);
            assertEquals(odd, read.last(number -> number % 2 == 1));
            int small = places.entrySet().stream().filter(each -> each.getKey() >= 3 && each.getKey() < 1000)
                    .min(Map.Entry.<Integer, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .map(Map.Entry::getKey).orElse(-1);
            assertEquals(small, read.first(3, 1000));
        }
    }
}
