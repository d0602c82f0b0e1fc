package io.moe4j.launch;

import io.moe4j.api.group.Group;
import java.util.List;

/**
 * The identity of an exchange. A key may be used again: a rank can send its value for the next round only after it has the answer of this one, so
 * there is only one round at a time.
 *
 * @param group name of the group
 * @param ranks its world ranks, in group order
 * @param key the key that the caller passed
 */
record Meeting(String group, List<Integer> ranks, String key) {

    static Meeting of(Group group, String key) {
        return new Meeting(group.name(), group.ranks(), key);
    }

    @Override
    public String toString() {
        return PlainText.of("\"" + key + "\" of group " + group + " " + ranks);
    }
}
