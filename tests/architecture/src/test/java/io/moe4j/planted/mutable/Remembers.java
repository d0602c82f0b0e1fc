package io.moe4j.planted.mutable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Remembers in every way that there is. */
final class Remembers {
    static int counter;
    static final int[] table = {1, 2, 3};
    static final Map<String, String> cache = new HashMap<>();
    static final ArrayList<String> names = new ArrayList<>();
    static final AtomicLong total = new AtomicLong();
    static final List<String> disguised = new ArrayList<>(List.of("a", "b"));
    static final StringBuilder log = new StringBuilder();

    static List<String> next() {
        counter++;
        return List.of(cache.getOrDefault(names.getFirst(), log.toString()), total + "" + table[0] + disguised);
    }

    private Remembers() {}
}
