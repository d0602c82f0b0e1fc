package io.moe4j.chattemplate.syntax;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A statement of a template. */
public sealed interface Statement {

    /** Outputs text unchanged. */
    record Text(String text) implements Statement {}

    /** Outputs a value: <code>{{ value }}</code>. */
    record Output(Expression value) implements Statement {}

    /** A branch for each test, and one if none holds. */
    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    /** A branch of {@link If}. */
    record Branch(Expression test, List<Statement> body) {}

    /** A loop over the items for which the test holds; if there are none, {@code otherwise} is executed once. */
    record For(Target target, Expression items, Optional<Expression> test, List<Statement> body,
            List<Statement> otherwise, int at) implements Statement {}

    /** Gives a value to a target. */
    record Set(Target target, Expression value) implements Statement {}

    /** Assigns the output of the body to a target. */
    record SetBlock(Target target, Optional<Expression> filter, List<Statement> body) implements Statement {}

    /** Declares a macro. */
    record Macro(String name, Signature signature, List<Statement> body, int at) implements Statement {}

    /** Calls a macro that may call the body, as {@code caller()}. */
    record CallBlock(Expression call, Signature signature, List<Statement> body, int at) implements Statement {}

    /** Outputs the result of a filter for the body's output. */
    record FilterBlock(Expression filter, List<Statement> body) implements Statement {}

    /** Gives variables values that they have in the body only. */
    record With(List<Target> targets, List<Expression> values, List<Statement> body) implements Statement {}

    /** Marks the output of the body as the assistant's. */
    record Generation(List<Statement> body, int at) implements Statement {}

    /** Ends the loop. */
    record Break() implements Statement {}

    /** Continues with the loop's next item. */
    record Continue() implements Statement {}

    /**
     * The parameters of a macro.
     *
     * @param defaults default values of the last parameters
     * @param specials which of the special names of macros the body reads
     */
    record Signature(List<String> parameters, Map<String, Expression> defaults, Specials specials) {}

    /**
     * The special names of macros, and whether the body reads them.
     *
     * @param caller the body of a {@link CallBlock}
     * @param varargs arguments beyond the parameters
     * @param kwargs named arguments beyond the parameters
     */
    record Specials(boolean caller, boolean varargs, boolean kwargs) {}
}
