package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import java.util.Arrays;

/** Selects the best experts of a token. Each task has its own instance, because an instance holds scratch. */
final class TopExperts {
    private final Gate gate;
    private final int groupSize;
    private final float[] choice;
    private final float[] groupValue;
    private final int[] best;
    private final int[] bestGroups;

    TopExperts(Gate gate, int experts) {
        this.gate = gate;
        this.groupSize = experts / gate.groups();
        this.choice = new float[experts];
        this.groupValue = new float[gate.groups()];
        this.best = new int[gate.topK()];
        this.bestGroups = new int[gate.keptGroups()];
    }

    /** Writes the ids of the topK experts with the largest score + bias, best first. NaN counts as infinite. */
    void select(long scores, long bias, long ids) {
        for (int e = 0; e < choice.length; e++) {
            float sum = Lanes.get(scores, e) + Lanes.get(bias, e);
            choice[e] = Float.isNaN(sum) ? Float.POSITIVE_INFINITY : sum;
        }
        int found = 0;
        if (gate.keptGroups() < gate.groups()) {
            for (int g = 0; g < groupValue.length; g++) {
                groupValue[g] = value(g * groupSize);
            }
            int groups = insertAll(groupValue, 0, groupValue.length, bestGroups, 0);
            // Sorted by index again, so that among equal experts the lower index comes first, even if its group has a lower value.
            Arrays.sort(bestGroups, 0, groups);
            for (int group : bestGroups) {
                found = insertAll(choice, group * groupSize, (group + 1) * groupSize, best, found);
            }
        } else {
            found = insertAll(choice, 0, choice.length, best, 0);
        }
        for (int k = 0; k < found; k++) {
            Lanes.setInt(ids, k, best[k]);
        }
    }

    /** The value of the group whose first expert is {@code from}. */
    private float value(int from) {
        float first = Float.NEGATIVE_INFINITY;
        float second = Float.NEGATIVE_INFINITY;
        for (int e = from; e < from + groupSize; e++) {
            if (choice[e] > first) {
                second = first;
                first = choice[e];
            } else if (choice[e] > second) {
                second = choice[e];
            }
        }
        return groupSize == 1 || gate.groupValue() == GroupValue.LARGEST ? first : first + second;
    }

    /** Inserts the indices into the descending list {@code top}, which has {@code size} entries; returns its new size. */
    private static int insertAll(float[] values, int from, int to, int[] top, int size) {
        int filled = size;
        for (int i = from; i < to; i++) {
            int at = filled;
            while (at > 0 && values[i] > values[top[at - 1]]) {
                at--;
            }
            if (at < top.length) {
                int end = Math.min(filled, top.length - 1);
                System.arraycopy(top, at, top, at + 1, end - at);
                top[at] = i;
                filled = end + 1;
            }
        }
        return filled;
    }
}
