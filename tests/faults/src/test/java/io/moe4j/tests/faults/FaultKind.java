package io.moe4j.tests.faults;

import java.nio.file.Path;
import java.util.Random;

/** One kind of fault: does something bad to something that was saved or runs, and judges what comes of it. */
interface FaultKind {

    /** A few words for the table. */
    String name();

    /**
     * Injects one fault.
     *
     * @param random decides everything that is chosen, so that the fault can be repeated
     * @param folder empty, and its own
     * @return what came of it; what is thrown instead counts as {@link Verdict.Judgement#UNCLEAR}
     */
    Verdict inject(Random random, Path folder) throws Exception;
}
