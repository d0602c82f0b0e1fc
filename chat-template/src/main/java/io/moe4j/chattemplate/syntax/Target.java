package io.moe4j.chattemplate.syntax;

import java.util.List;

/** The target of an assignment, in {@code set} and {@code for}. */
public sealed interface Target {

    /** A variable. */
    record Variable(String name, int at) implements Target {}

    /** Several, each of which gets an item: {@code key, value}. */
    record Several(List<Target> targets, int at) implements Target {}

    /** An attribute of a namespace: {@code ns.found}. */
    record Field(String namespace, String name, int at) implements Target {}
}
