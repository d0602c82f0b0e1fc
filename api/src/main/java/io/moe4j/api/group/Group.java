package io.moe4j.api.group;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * An ordered subset of the world's ranks, as seen by one of its members.
 *
 * @param name such as {@code "expert_parallel"}; name and ranks together identify the group
 * @param ranks world ranks, without repetition
 * @param index the position of this rank in {@code ranks}
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public record Group(String name, List<Integer> ranks, int index) {

    public Group {
        ranks = List.copyOf(ranks);
        if (index < 0 || index >= ranks.size() || ranks.stream().distinct().count() != ranks.size()) {
            throw new IllegalArgumentException("group " + name + " of ranks " + ranks + " with index " + index
                    + ": ranks are distinct, and the index is one of their positions");
        }
    }

    /** The ranks of the world that belong to it, and the position of this one among them. */
    public static Group of(String name, List<Integer> ranks, int index) {
        return new Group(name, ranks, index);
    }

    /** Number of ranks. */
    public int size() {
        return ranks.size();
    }

    /** World rank of this member. */
    public int rank() {
        return ranks.get(index);
    }
}
