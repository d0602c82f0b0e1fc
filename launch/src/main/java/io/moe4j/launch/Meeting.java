package io.moe4j.launch;

import io.moe4j.api.group.Group;
import java.util.List;

/**
 * What an exchange is known by. A key may be used again: a rank can give for the next round only when it has the answer of this one, so that
 * there is one round at a time.
 *
 * @param group name of the group
 * @param ranks its world ranks, in group order
 * @param key the caller's
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
