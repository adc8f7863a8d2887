"""What the simulated tea shop sells. Prices are whole baht, so every amount stays an exact integer."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Article(Struct, frozen=True):
    """One thing on the shelf; `price` is in baht for one unit, `th` and `en` are its names on the two shop fronts."""

    sku: str
    category: str
    price: int
    en: str
    th: str

    def name(self, locale: str) -> str:
        """The name a customer of `locale` saw when ordering."""
        return self.th if locale == "th" else self.en

    def data(self, **more: Any) -> dict[str, Any]:
        """What the shop tells of it on topic `products`."""
        place = f"https://shop.example/{self.category}/{self.sku.lower()}"
        known = {"sku": self.sku, "name": self.en, "category": self.category, "price": self.price}
        return known | {"url": place, "image": f"{place}.jpg", "in_stock": True} | more


CATALOGUE: tuple[Article, ...] = (
    Article("OOL-17", "oolong", 445, "Doi Mae Salong Oolong No. 17, 100 g", "ชาอู่หลงเบอร์ 17 ดอยแม่สลอง 100 กรัม"),
    Article("OOL-12", "oolong", 380, "Jin Xuan Milk Oolong, 100 g", "ชาอู่หลงจินเซวียน กลิ่นนม 100 กรัม"),
    Article("OOL-R1", "oolong", 520, "Roasted Oolong, Charcoal Finish, 100 g", "ชาอู่หลงคั่วถ่าน 100 กรัม"),
    Article("OOL-OB", "oolong", 890, "Oriental Beauty, Spring Harvest, 50 g", "ชาโอเรียนทัลบิวตี้ ฤดูใบไม้ผลิ 50 กรัม"),
    Article("GRN-JM", "green", 290, "Jasmine Green, 100 g", "ชาเขียวมะลิ 100 กรัม"),
    Article("GRN-SE", "green", 410, "Sencha from Chiang Rai, 80 g", "ชาเขียวเซนฉะเชียงราย 80 กรัม"),
    Article("GRN-GM", "green", 340, "Genmaicha with Surin Rice, 100 g", "ชาเขียวข้าวคั่วสุรินทร์ 100 กรัม"),
    Article("GRN-MA", "green", 690, "Stone-Ground Matcha, 40 g", "มัทฉะบดหิน 40 กรัม"),
    Article("BLK-AS", "black", 320, "Wild Assam from Nan, 100 g", "ชาอัสสัมป่าเมืองน่าน 100 กรัม"),
    Article("BLK-TH", "black", 165, "Thai Tea for Iced Milk Tea, 250 g", "ชาไทยสำหรับชานมเย็น 250 กรัม"),
    Article("BLK-EG", "black", 350, "Earl Grey with Kaffir Lime, 100 g", "เอิร์ลเกรย์มะกรูด 100 กรัม"),
    Article("BLK-SM", "black", 430, "Smoked Black, Longan Wood, 80 g", "ชาดำรมควันไม้ลำไย 80 กรัม"),
    Article("PUE-05", "aged", 1250, "Aged Pu-erh Cake 2015, 200 g", "ชาผูเอ่อร์บ่มปี 2015 แผ่น 200 กรัม"),
    Article("PUE-MI", "aged", 260, "Mini Pu-erh Tuocha, 20 pieces", "ชาผูเอ่อร์ก้อนเล็ก 20 ก้อน"),
    Article("HRB-BP", "herbal", 180, "Butterfly Pea and Lemongrass, 60 g", "อัญชันตะไคร้ 60 กรัม"),
    Article("HRB-RO", "herbal", 150, "Roselle and Stevia, 80 g", "กระเจี๊ยบหญ้าหวาน 80 กรัม"),
    Article("HRB-GI", "herbal", 195, "Ginger and Pandan, 80 g", "ขิงใบเตย 80 กรัม"),
    Article("HRB-BA", "herbal", 210, "Bael Fruit Slices, 150 g", "มะตูมแห้ง 150 กรัม"),
    Article("WAR-GA", "teaware", 790, "Celadon Gaiwan, 120 ml", "ถ้วยไกวานศิลาดล 120 มล."),
    Article("WAR-PO", "teaware", 1650, "Ratchaburi Clay Teapot, 250 ml", "กาน้ำชาดินเผาราชบุรี 250 มล."),
    Article("WAR-CU", "teaware", 240, "Benjarong Tasting Cup", "ถ้วยชิมชาเบญจรงค์"),
    Article("WAR-FI", "teaware", 120, "Cotton Tea Filter", "ถุงกรองชาผ้าฝ้าย"),
    Article("GIF-3T", "gift", 990, "Gift Box, Three Northern Teas", "กล่องของขวัญชาเหนือสามชนิด"),
    Article("GIF-NY", "gift", 1890, "New Year Hamper, Tea and Honey", "กระเช้าปีใหม่ ชาและน้ำผึ้ง"),
)

NEW = Article("OOL-1P", "oolong", 560, "Spring Oolong, First Picking, 50 g", "ชาอู่หลงยอดแรกฤดูใบไม้ผลิ 50 กรัม")
"""What is launched while the demo runs."""

TEAS: tuple[Article, ...] = tuple(a for a in CATALOGUE if a.category not in {"teaware", "gift"})
"""What is drunk up and bought again; the rest is bought once in a while."""
EXTRAS: tuple[Article, ...] = tuple(a for a in CATALOGUE if a.category in {"teaware", "gift"})

REASONS: dict[str, tuple[str, ...]] = {
    "th": ("กล่องบุบจากการขนส่ง", "รสชาติไม่ถูกใจ", "สั่งผิดรายการ", "ได้รับสินค้าไม่ครบ"),
    "en": ("box crushed in the post", "not to my taste", "ordered the wrong one", "something was missing"),
}
"""Why goods come back, in the customer's words."""
