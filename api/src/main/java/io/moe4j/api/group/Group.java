package io.moe4j.api.group;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * Some ranks of the world, in order, as one of them sees them.
 *
 * @param name such as {@code "expert_parallel"}; with the ranks it identifies the group
 * @param ranks world ranks, without repetition
 * @param index the position of this rank in {@code ranks}
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

    /** Number of ranks. */
    public int size() {
        return ranks.size();
    }

    /** World rank of this member. */
    public int rank() {
        return ranks.get(index);
    }
}
