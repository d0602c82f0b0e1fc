package io.moe4j.chattemplate.syntax;

import io.moe4j.chattemplate.syntax.Expression.Binary;
import io.moe4j.chattemplate.syntax.Expression.Compare;
import io.moe4j.chattemplate.syntax.Expression.Comparison;
import io.moe4j.chattemplate.syntax.Expression.Concat;
import io.moe4j.chattemplate.syntax.Expression.Conditional;
import io.moe4j.chattemplate.syntax.Expression.Logical;
import io.moe4j.chattemplate.syntax.Expression.Unary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads expressions. Operators from the lowest precedence to the highest: conditional, {@code or}, {@code and}, {@code not}, comparisons, {@code + -},
 * {@code ~}, {@code * / // %}, {@code **} (left-associative, unlike in Python), signs. {@link PostfixParser} reads what binds more tightly.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream tokens;
    private final PostfixParser postfix;
    private final Names names;

    ExpressionParser(TokenStream tokens, Names names) {
        this.tokens = tokens;
        this.names = names;
        postfix = new PostfixParser(tokens, this, names);
    }

    PostfixParser postfix() {
        return postfix;
    }

    /** An expression, with or without {@code a if b else c} at its top. */
    Expression expression(boolean conditional) {
        return conditional ? conditional() : or();
    }

    Expression expression() {
        return conditional();
    }

    private Expression conditional() {
        // In a conditional expression, Jinja reports unknown filters only at execution; the part before "if" was read before it was known to be conditional.
        int before = names.mark();
        Expression value = or();
        while (tokens.peek().isName("if")) {
            int at = tokens.take().at();
            Expression test = or();
            Optional<Expression> otherwise = tokens.takeName("else") ? Optional.of(conditional()) : Optional.empty();
            value = new Conditional(test, value, otherwise, at);
            names.forgive(before);
        }
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (tokens.peek().isName("or")) {
            int at = tokens.take().at();
            left = new Logical(false, left, and(), at);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.peek().isName("and")) {
            int at = tokens.take().at();
            left = new Logical(true, left, not(), at);
        }
        return left;
    }

    private Expression not() {
        if (tokens.peek().isName("not")) {
            int at = tokens.take().at();
            return new Unary("not", not(), at);
        }
        return comparison();
    }

    private Expression comparison() {
        int at = tokens.peek().at();
        Expression first = sum();
        List<Comparison> rest = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                rest.add(new Comparison(tokens.take().text(), sum()));
            } else if (tokens.takeName("in")) {
                rest.add(new Comparison("in", sum()));
            } else if (token.isName("not") && tokens.second().isName("in")) {
                tokens.take();
                tokens.take();
                rest.add(new Comparison("not in", sum()));
            } else {
                return rest.isEmpty() ? first : new Compare(first, List.copyOf(rest), at);
            }
        }
    }

    private Expression sum() {
        Expression left = concat();
        while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
            Token operator = tokens.take();
            left = new Binary(operator.text(), left, concat(), operator.at());
        }
        return left;
    }

    private Expression concat() {
        int at = tokens.peek().at();
        Expression first = product();
        if (!tokens.peek().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.takeOperator("~")) {
            parts.add(product());
        }
        return new Concat(List.copyOf(parts), at);
    }

    private Expression product() {
        Expression left = power();
        while (tokens.peek().kind() == Token.Kind.OPERATOR
                && Set.of("*", "/", "//", "%").contains(tokens.peek().text())) {
            Token operator = tokens.take();
            left = new Binary(operator.text(), left, power(), operator.at());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.peek().isOperator("**")) {
            Token operator = tokens.take();
            left = new Binary(operator.text(), left, unary(true), operator.at());
        }
        return left;
    }

    private Expression unary(boolean filtered) {
        Token token = tokens.peek();
        Expression value;
        if (token.isOperator("-") || token.isOperator("+")) {
            tokens.take();
            value = new Unary(token.text(), unary(false), token.at());
        } else {
            value = postfix.primary();
        }
        Expression read = postfix.subscripts(value);
        return filtered ? postfix.filters(read) : read;
    }
}
