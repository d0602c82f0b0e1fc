package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.autograd.sharding.DocumentStarts;
import io.moe4j.autograd.sharding.Microbatch;
import java.util.Optional;

/**
 * Where documents begin in the microbatch whose work is enqueued next. All attention layers of a model share one object: the model sets it when a microbatch
 * begins, and a layer reads it when its forward is enqueued, in recompute too.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CurrentDocuments {
    private final long tokens;
    private Optional<DocumentStarts> documents = Optional.empty();

    /**
     * Until a microbatch begins, each sequence is one document.
     *
     * @param tokens B·S
     */
    public CurrentDocuments(long tokens) {
        this.tokens = tokens;
    }

    /**
     * Sets the microbatch.
     *
     * @throws IllegalArgumentException if its documents are not those of B·S tokens
     */
    public void begin(Microbatch next) {
        next.documents().ifPresent(bounds -> {
            if (bounds.starts_T().elements() != tokens) {
                throw new IllegalArgumentException("documents of " + bounds.starts_T().elements()
                        + " tokens in a microbatch of " + tokens + "; give each token of each sequence its start");
            }
        });
        documents = next.documents();
    }

    /** Those of the current microbatch; empty if each of its sequences is one document. */
    public Optional<DocumentStarts> now() {
        return documents;
    }
}
