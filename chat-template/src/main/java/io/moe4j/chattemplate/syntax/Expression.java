package io.moe4j.chattemplate.syntax;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An expression. Each knows where it begins in the template, for messages. */
public sealed interface Expression {

    /** Where it begins in the normalized text, in UTF-16 units. */
    int at();

    /** A number, a string, true, false or none: {@code "user"}. */
    record Literal(Object value, int at) implements Expression {}

    /** The value of a variable: {@code messages}. */
    record Name(String name, int at) implements Expression {}

    /** {@code [1, 2]}. */
    record ListOf(List<Expression> items, int at) implements Expression {}

    /** {@code (1, 2)}. */
    record TupleOf(List<Expression> items, int at) implements Expression {}

    /** {@code {"a": 1}}. */
    record DictOf(List<Pair> pairs, int at) implements Expression {}

    /** An entry of {@link DictOf}. */
    record Pair(Expression key, Expression value) {}

    /** {@code message.content}. */
    record Attribute(Expression of, String name, int at) implements Expression {}

    /** {@code message["content"]}. */
    record Item(Expression of, Expression key, int at) implements Expression {}

    /** {@code 1:10:2}, as the key of an item. */
    record Slice(Optional<Expression> from, Optional<Expression> to, Optional<Expression> step, int at)
            implements
            Expression {}

    /** {@code text.split(",")}. */
    record Call(Expression function, Arguments arguments, int at) implements Expression {}

    /** {@code text | trim}. In a tag such as {@code {% filter trim %}}, the filtered expression is absent. */
    record Filter(Optional<Expression> of, String name, Arguments arguments, int at) implements Expression {}

    /** {@code x is defined}. */
    record Test(Expression of, String name, Arguments arguments, int at) implements Expression {}

    /** An operator before a value: {@code -}, {@code +} or {@code not}. */
    record Unary(String operator, Expression of, int at) implements Expression {}

    /** Arithmetic: {@code + - * / // % **}. */
    record Binary(String operator, Expression left, Expression right, int at) implements Expression {}

    /** {@code and} and {@code or}, whose value is that of an operand. */
    record Logical(boolean and, Expression left, Expression right, int at) implements Expression {}

    /** Texts one after the other: {@code a ~ b ~ c}. */
    record Concat(List<Expression> parts, int at) implements Expression {}

    /** A chain of comparisons: {@code 0 < x <= 5}. */
    record Compare(Expression first, List<Comparison> rest, int at) implements Expression {}

    /** A link of {@link Compare}: {@code == != < <= > >= in}, or {@code not in}. */
    record Comparison(String operator, Expression right) {}

    /** {@code a if test else b}. */
    record Conditional(Expression test, Expression then, Optional<Expression> otherwise, int at)
            implements
            Expression {}

    /**
     * The arguments of a function, filter or test.
     *
     * @param spread a list whose items are further arguments: {@code *list}
     * @param spreadNamed a dict whose entries are further named arguments: {@code **dict}
     */
    record Arguments(List<Expression> positional, Map<String, Expression> named, Optional<Expression> spread,
            Optional<Expression> spreadNamed) {

        static final Arguments NONE = new Arguments(List.of(), Map.of(), Optional.empty(), Optional.empty());
    }
}
