//! The page's text: the template escapes every name, the data of the script stands in one block of JSON.

use super::content::{Data, Page};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value, context};

const TEMPLATE: &str = include_str!("../../../assets/report/report.html");
const STYLE: &str = include_str!("../../../assets/report/report.css");
const SCRIPT: &str = include_str!("../../../assets/report/report.js");
const UPLOT: &str = include_str!("../../../assets/uplot/uPlot.iife.min.js");
const UPLOT_STYLE: &str = include_str!("../../../assets/uplot/uPlot.min.css");
const UPLOT_LICENSE: &str = include_str!("../../../assets/uplot/LICENSE");

/// Renders the page.
///
/// # Errors
/// The template does not fit the page, which is a mistake in the program.
pub(super) fn render(page: &Page) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("report.html", TEMPLATE)?;
    let context = context! {
        page => Value::from(Serde(page)),
        data => Value::from_safe_string(json_in_html(&page.data)?),
        style => Value::from_safe_string(format!("{UPLOT_STYLE}\n{STYLE}")),
        uplot => Value::from_safe_string(UPLOT.to_owned()),
        uplot_license => UPLOT_LICENSE,
        script => Value::from_safe_string(SCRIPT.to_owned()),
    };
    environment.get_template("report.html")?.render(context)
}

/// JSON that nothing in it can end: what means something to HTML is written as an escape of JSON.
fn json_in_html(data: &Data) -> Result<String, Error> {
    let text = serde_json::to_string(data)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, "the page's data").with_source(error))?;
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Outside of strings JSON has none of these.
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            c => escaped.push(c),
        }
    }
    Ok(escaped)
}
