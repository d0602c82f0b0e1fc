package io.moe4j.planted.printing;

import java.io.PrintStream;
import java.io.PrintWriter;

/** Writes to what it is given. */
final class Innocent {

    void line(PrintStream out, PrintWriter log, Exception e) {
        out.println("text");
        e.printStackTrace(log);
    }
}
