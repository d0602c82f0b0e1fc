package io.moe4j.tests.faults;

import java.nio.file.Path;
import java.util.Random;

/** A kind of fault: damages something that was saved or that runs, and judges the result. */
interface FaultKind {

    /** A few words for the table. */
    String name();

    /**
     * Injects one fault.
     *
     * @param random makes all choices, so that the fault can be repeated
     * @param folder an empty folder for this fault alone
     * @return the result; an exception counts as {@link Verdict.Judgement#UNCLEAR}
     */
    Verdict inject(Random random, Path folder) throws Exception;
}
