package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/** The rule by which a part of the parameters is updated. */
@Stability(Stability.Level.INTERNAL)
public sealed interface UpdateRule {

    /** Whether it keeps second moments. */
    boolean hasSecondMoment();

    /**
     * AdamW, element by element.
     *
     * @param decays whether weight decay applies
     */
    record AdamW(boolean decays) implements UpdateRule {
        @Override
        public boolean hasSecondMoment() {
            return true;
        }
    }

    /** Muon, matrix by matrix; the first moment is its momentum. */
    record Muon() implements UpdateRule {
        @Override
        public boolean hasSecondMoment() {
            return false;
        }
    }
}
