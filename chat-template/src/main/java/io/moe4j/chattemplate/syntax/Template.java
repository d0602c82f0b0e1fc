package io.moe4j.chattemplate.syntax;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A parsed template.
 *
 * @param marksGeneration whether it has generation blocks
 * @param unset for bodies, compared by identity, the variables that have no value at their start: see {@link Frame}
 */
public record Template(List<Statement> statements, boolean marksGeneration,
        IdentityHashMap<List<Statement>, Set<String>> unset) {

    /** The variables that have no value when a body begins, even if variables of the same names exist around it. */
    public Set<String> unsetIn(List<Statement> body) {
        return unset.getOrDefault(body, Set.of());
    }
}
