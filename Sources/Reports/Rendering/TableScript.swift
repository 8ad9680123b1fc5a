/// Sorts a table by the column that is clicked; numbers by value, those undefined last.
enum TableScript {
  static let text = """
    for (const table of document.querySelectorAll("table.sortable")) {
      const body = table.tBodies[0];
      const sort = head => {
        const column = Number(head.dataset.column);
        const rising = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const rows = [...body.rows].map(row => ({ row, cell: row.cells[column] }));
        rows.sort((a, b) => {
          const [x, y] = [a.cell.dataset.number, b.cell.dataset.number];
          if (x !== undefined && y !== undefined) return rising ? x - y : y - x;
          if (x !== undefined) return -1;
          if (y !== undefined) return 1;
          const order = a.cell.textContent.localeCompare(b.cell.textContent, undefined, { numeric: true });
          return rising ? order : -order;
        });
        body.append(...rows.map(entry => entry.row));
      };
      for (const head of table.tHead.rows[0].cells) {
        head.addEventListener("click", () => sort(head));
        head.addEventListener("keydown", event => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(head); }
        });
      }
    }

    """
}
