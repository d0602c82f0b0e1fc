package io.moe4j.profile;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A span on the host, for Java Flight Recorder. */
@Name("moe4j.Span")
@Label("Span")
@Category("moe4j")
@Description("A piece of a rank's work in a step that is profiled: the time in which the host enqueued it")
@StackTrace(false)
final class SpanEvent extends Event {
    @Label("Span")
    String span = "";
    @Label("Detail")
    String detail = "";
    @Label("Rank")
    int rank;
    @Label("Step")
    long step;
}
