package io.moe4j.app.supervise;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/** Names of ranks for people: {@code rank 2}, {@code ranks 0 to 3}, {@code ranks 0, 2 and 3}. */
public final class RankNames {

    private RankNames() {}

    /** The name of at least one rank; the ranks may be in any order. */
    public static String of(Collection<Integer> ranks) {
        List<Integer> sorted = List.copyOf(new TreeSet<>(ranks));
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (at < sorted.size()) {
            int end = at;
            while (end + 1 < sorted.size() && sorted.get(end + 1) == sorted.get(end) + 1) {
                end++;
            }
            if (end - at < 2) {
                sorted.subList(at, end + 1).forEach(rank -> parts.add(rank.toString()));
            } else {
                parts.add(sorted.get(at) + " to " + sorted.get(end));
            }
            at = end + 1;
        }
        String last = parts.removeLast();
        return (sorted.size() == 1 ? "rank " : "ranks ")
                + (parts.isEmpty() ? last : String.join(", ", parts) + " and " + last);
    }
}
